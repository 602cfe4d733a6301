"""Says digit and sum of pictures: `kerasadder predict`."""

from kerasadder.commands import predict
from kerasadder.commands import runner

if __name__ == '__main__':
    runner.run(predict)
