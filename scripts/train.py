"""Trains the model and exports it: `kerasadder train`."""

import sys

from kerasadder.commands import runner
from kerasadder.commands import train

if __name__ == '__main__':
    sys.exit(runner.run(train))
