"""Exports a trained .keras file: `kerasadder export`."""

from kerasadder.commands import export
from kerasadder.commands import runner

if __name__ == '__main__':
    runner.run(export)
