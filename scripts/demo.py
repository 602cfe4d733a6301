"""Opens a page to draw on: `kerasadder demo`."""

import sys

from kerasadder.commands import demo
from kerasadder.commands import runner

if __name__ == '__main__':
    sys.exit(runner.run(demo))
