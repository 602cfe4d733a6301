"""Draws the figures of a finished run: `kerasadder figures`."""

import sys

from kerasadder.commands import figures
from kerasadder.commands import runner

if __name__ == '__main__':
    sys.exit(runner.run(figures))
