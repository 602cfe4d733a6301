"""Asks a TensorFlow Serving: `kerasadder query`."""

from kerasadder import command_line
from kerasadder.commands import query

if __name__ == '__main__':
    command_line.run(query)
