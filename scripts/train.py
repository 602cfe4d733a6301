"""Trains the model and exports it: `kerasadder train`."""

from kerasadder.commands import runner
from kerasadder.commands import train

if __name__ == '__main__':
    runner.run(train)
