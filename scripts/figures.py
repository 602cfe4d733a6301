"""Draws the figures of a finished run: `kerasadder figures`."""

from kerasadder.commands import figures
from kerasadder.commands import runner

if __name__ == '__main__':
    runner.run(figures)
