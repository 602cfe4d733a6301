"""Draws the figures of a finished run: `kerasadder figures`."""

from kerasadder import command_line
from kerasadder.commands import figures

if __name__ == '__main__':
    command_line.run(figures)
