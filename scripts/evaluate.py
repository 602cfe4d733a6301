"""Evaluates a model on the test images: `kerasadder evaluate`."""

from kerasadder import command_line
from kerasadder.commands import evaluate

if __name__ == '__main__':
    command_line.run(evaluate)
