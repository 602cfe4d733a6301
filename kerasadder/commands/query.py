"""Asks a TensorFlow Serving: query picture.png ... --number=7.

A picture is a PNG, JPEG, GIF or BMP file of a digit, `-` standard input.
"""

import sys

from absl import flags

from kerasadder.commands import runner
from kerasadder.commands import shared_flags
from kerasadder.commands.pictures import answer_line
from kerasadder.commands.pictures import read_picture
from kerasadder.errors import UserError
from kerasadder.serving import client
from kerasadder.serving import transports

NEEDS_TENSORFLOW = False
_NUMBER = shared_flags.define_number_flag()
_ADDRESS = flags.DEFINE_string(
    'address', None, 'host:port [localhost:8501, with --grpc localhost:8500]'
)
_GRPC = flags.DEFINE_bool('grpc', False, 'Ask over gRPC, not over REST.')
_VERSION = flags.DEFINE_integer(
    'version', None, "The model's version. [the latest]", lower_bound=0
)
_LABEL = flags.DEFINE_string('label', None, "The version's label instead.")
_JSON = flags.DEFINE_bool('json', False, 'Print a JSON object a picture.')


def main(pictures):
    # gRPC imports TensorFlow, which is not quiet; REST does without.
    with runner.native_stderr_closed():
        server = client.Client(
            _ADDRESS.value,
            version=_VERSION.value,
            label=_LABEL.value,
            transport='grpc' if _GRPC.value else 'rest',
        )
    status = 0
    with server:
        # One at a time, so that a bad picture spoils no other's answer.
        for picture in pictures:
            try:
                content = read_picture(picture)
                answer = server.classify([content], _NUMBER.value)
            except OSError as error:
                problem = error.strerror
            except transports.InvalidArgument as error:
                problem = str(error).replace('image[0] ', '')
            else:
                one = {name: array[0] for name, array in answer.items()}
                print(
                    answer_line(picture, _NUMBER.value, one, _JSON.value),
                    flush=True,
                )
                continue
            print(f'error: {picture}: {problem}', file=sys.stderr)
            status = 1
    return status


def check(pictures):
    if not pictures:
        raise UserError('name at least one picture; see --help.')
    if _NUMBER.value is None:
        raise UserError('--number: say which number to add, 0..9.')
    if _VERSION.value is not None and _LABEL.value is not None:
        raise UserError('--version and --label: give one of them.')
    if _ADDRESS.value is not None:
        client.check_address(_ADDRESS.value)
