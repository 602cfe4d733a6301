"""Asks a TensorFlow Serving: `kerasadder query`."""

from kerasadder.commands import query
from kerasadder.commands import runner

if __name__ == '__main__':
    runner.run(query)
