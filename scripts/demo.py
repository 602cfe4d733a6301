"""Opens a page to draw on: `kerasadder demo`."""

from kerasadder.commands import demo
from kerasadder.commands import runner

if __name__ == '__main__':
    runner.run(demo)
