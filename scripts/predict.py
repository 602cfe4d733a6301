"""Says digit and sum of pictures: `kerasadder predict`."""

from kerasadder import command_line
from kerasadder.commands import predict

if __name__ == '__main__':
    command_line.run(predict)
