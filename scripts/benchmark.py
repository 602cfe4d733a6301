"""Measures this machine; `--help` says what."""

import pathlib
import sys

# The benchmarks and the tests' fake servers are in a checkout alone.
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from benchmarks import command
from kerasadder.commands import runner

if __name__ == '__main__':
    sys.exit(runner.run(command))
