"""Asks a TensorFlow Serving what the digit in a picture and a number make.

python scripts/query_server.py picture.png ... --number=7
"""

import json
import sys

from absl import flags

from kerasadder import client
from kerasadder import command_line
from kerasadder import transports
from kerasadder.errors import UserError

_NUMBER = flags.DEFINE_integer(
    'number', None, 'The number to add, 0..9.', lower_bound=0, upper_bound=9
)
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
    if _GRPC.value:
        command_line.import_tensorflow()  # quietly; REST does without
    status = 0
    with client.Client(
        _ADDRESS.value,
        version=_VERSION.value,
        label=_LABEL.value,
        transport='grpc' if _GRPC.value else 'rest',
    ) as server:
        # One at a time, so that a bad picture spoils no other's answer.
        for picture in pictures:
            try:
                answer = server.classify([picture], _NUMBER.value)
            except OSError as error:
                problem = error.strerror
            except transports.InvalidArgument as error:
                problem = error
            else:
                print(describe(picture, _NUMBER.value, answer), flush=True)
                continue
            print(f'error: {picture}: {problem}', file=sys.stderr)
            status = 1
    return status


def describe(picture, number, answer):
    """Returns the line to print of the answer to one picture."""
    digit, total = int(answer['digit_label'][0]), int(answer['sum_label'][0])
    p_digit = float(answer['digit'][0, digit])
    p_total = float(answer['sum'][0, total])
    if _JSON.value:
        return json.dumps(
            {
                'picture': picture,
                'number': number,
                'digit': digit,
                'sum': total,
                'digit_probability': p_digit,
                'sum_probability': p_total,
            }
        )
    return (
        f'{picture}: {digit} + {number} = {total}  '
        f'(digit {100 * p_digit:.1f} %, sum {100 * p_total:.1f} %)'
    )


def check(pictures):
    if not pictures:
        raise UserError('name at least one picture; see --help.')
    if _NUMBER.value is None:
        raise UserError('--number: say which number to add, 0..9.')
    if _VERSION.value is not None and _LABEL.value is not None:
        raise UserError('--version and --label: give one of them.')
    if _ADDRESS.value is not None:
        client.check_address(_ADDRESS.value)


if __name__ == '__main__':
    command_line.run(main, check, tensorflow=False)
