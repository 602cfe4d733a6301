"""Asks a TensorFlow Serving: query picture.png ... --number=7.

A picture is a PNG, JPEG, GIF, BMP, WebP, TIFF or other file that Pillow reads;
`-` is standard input.
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


def define_flags(given: flags.FlagValues) -> None:
    shared_flags.define_number_flag(given)
    flags.DEFINE_string(
        'address',
        None,
        'host:port [localhost:8501, with --grpc localhost:8500]',
        flag_values=given,
    )
    flags.DEFINE_bool(
        'grpc', False, 'Ask over gRPC, not over REST.', flag_values=given
    )
    flags.DEFINE_integer(
        'version',
        None,
        "The model's version. [the latest]",
        lower_bound=0,
        flag_values=given,
    )
    flags.DEFINE_string(
        'label', None, "The version's label instead.", flag_values=given
    )
    flags.DEFINE_bool(
        'json', False, 'Print a JSON object a picture.', flag_values=given
    )


def main(given: flags.FlagValues, pictures: list[str]) -> int | None:
    # gRPC imports TensorFlow, which is not quiet; REST does without.
    with runner.native_stderr_closed():
        server = client.Client(
            given.address,
            version=given.version,
            label=given.label,
            transport='grpc' if given.grpc else 'rest',
        )
    status = 0
    with server:
        # One at a time, so that a bad picture spoils no other's answer.
        for picture in pictures:
            try:
                content = read_picture(picture)
                answer = server.classify([content], given.number)
            except OSError as error:
                problem = error.strerror
            except transports.InvalidArgument as error:
                problem = str(error).replace('image[0] ', '')
            else:
                one = {name: array[0] for name, array in answer.items()}
                print(
                    answer_line(picture, given.number, one, given.json),
                    flush=True,
                )
                continue
            print(f'error: {picture}: {problem}', file=sys.stderr)
            status = 1
    return status


def check(given: flags.FlagValues, pictures: list[str]) -> None:
    if not pictures:
        raise UserError('name at least one picture; see --help.')
    if given.number is None:
        raise UserError('--number: say which number to add, 0..9.')
    if given.version is not None and given.label is not None:
        raise UserError('--version and --label: give one of them.')
    if given.address is not None:
        client.check_address(given.address)
