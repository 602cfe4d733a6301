"""Exports a trained .keras file: `kerasadder export`."""

from kerasadder import command_line
from kerasadder.commands import export

if __name__ == '__main__':
    command_line.run(export)
