"""Trains the model and exports it: `kerasadder train`."""

from kerasadder import command_line
from kerasadder.commands import train

if __name__ == '__main__':
    command_line.run(train)
