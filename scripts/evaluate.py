"""Evaluates a model on the test images: `kerasadder evaluate`."""

from kerasadder.commands import evaluate
from kerasadder.commands import runner

if __name__ == '__main__':
    runner.run(evaluate)
