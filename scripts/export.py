"""Exports a trained .keras file: `kerasadder export`."""

import sys

from kerasadder.commands import export
from kerasadder.commands import runner

if __name__ == '__main__':
    sys.exit(runner.run(export))
