"""Measures this machine: `kerasadder benchmark`."""

from kerasadder import command_line
from kerasadder.commands import benchmark

if __name__ == '__main__':
    command_line.run(benchmark)
