"""Opens a page to draw on: `kerasadder demo`."""

from kerasadder import command_line
from kerasadder.commands import demo

if __name__ == '__main__':
    command_line.run(demo)
