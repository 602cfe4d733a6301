"""Evaluates a model on the test images: `kerasadder evaluate`."""

import sys

from kerasadder.commands import evaluate
from kerasadder.commands import runner

if __name__ == '__main__':
    sys.exit(runner.run(evaluate))
