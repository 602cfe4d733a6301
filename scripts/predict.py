"""Says digit and sum of pictures: `kerasadder predict`."""

import sys

from kerasadder.commands import predict
from kerasadder.commands import runner

if __name__ == '__main__':
    sys.exit(runner.run(predict))
