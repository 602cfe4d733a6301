"""Asks a TensorFlow Serving: `kerasadder query`."""

import sys

from kerasadder.commands import query
from kerasadder.commands import runner

if __name__ == '__main__':
    sys.exit(runner.run(query))
