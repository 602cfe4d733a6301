"""Says digit and sum of pictures: predict picture.png ... --number=7.

A picture is a PNG, JPEG, GIF, BMP, WebP, TIFF or other file that Pillow reads;
`-` is standard input.
"""

import os
import sys

from absl import flags

from kerasadder.commands import runner
from kerasadder.commands import shared_flags
from kerasadder.commands.pictures import answer_line
from kerasadder.commands.pictures import read_picture
from kerasadder.errors import UserError


def define_flags(given: flags.FlagValues) -> None:
    shared_flags.define_number_flag(given)
    shared_flags.define_saved_model_flag(given)
    flags.DEFINE_bool(
        'json', False, 'Print one JSON object a picture.', flag_values=given
    )
    flags.DEFINE_string(
        'figure',
        None,
        'Draw the pictures and answers to this .png, .pdf or .svg file.',
        flag_values=given,
    )


def main(given: flags.FlagValues, paths: list[str]) -> int | None:
    from kerasadder.serving import model_files

    classify = model_files.load_classifier(given.saved_model)
    answered = {}
    for path in paths:
        try:
            picture = read_picture(path)
            with runner.native_stderr_closed():
                answer = classify([picture], [given.number])
        except OSError as error:
            print(f'error: {path}: {error.strerror}', file=sys.stderr)
        except UserError as error:
            reason = str(error).removeprefix('image[0] ')
            print(f'error: {path}: {reason}', file=sys.stderr)
        else:
            one = {name: array[0] for name, array in answer.items()}
            answered[path] = picture, one
            print(
                answer_line(path, given.number, one, given.json),
                flush=True,
            )
    if given.figure and answered:
        _draw(given, answered, classify)
    return 0 if len(answered) == len(set(paths)) else 1


def _draw(given, answered, classify):
    from kerasadder.pictures import decode
    from kerasadder.pictures import normalize
    from kerasadder.plots import image_grids

    pictures = [picture for picture, _ in answered.values()]
    image_grids.answers(
        [f'{os.path.basename(path)} + {given.number}' for path in answered],
        [decode.decode_picture(picture).numpy() for picture in pictures],
        [normalize.seen(classify, p, given.number) for p in pictures],
        [answer for _, answer in answered.values()],
    ).savefig(given.figure)


def check(given: flags.FlagValues, paths: list[str]) -> None:
    if not paths:
        raise UserError('no picture: name one or more files, or - for stdin.')
    if given.number is None:
        raise UserError('no --number: say what to add to the digit, 0-9.')
    figure = given.figure
    if figure and not figure.lower().endswith(('.png', '.pdf', '.svg')):
        raise UserError(f'--figure={figure}: must end in .png, .pdf or .svg.')
