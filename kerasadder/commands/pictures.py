"""Pictures that a command is given, and the lines it answers with."""

import contextlib
import errno
import json
import sys

import numpy as np

from kerasadder.errors import UserError
from kerasadder.pictures.convert import MAX_BYTES
from kerasadder.pictures.convert import to_served
from kerasadder.task import OUTPUTS
from kerasadder.task import TABLES


def read_picture(path: str) -> bytes:
    """Reads a picture, as a PNG if it is of a kind that no server reads.

    Args:
        path: The file of the picture, `-` for standard input.

    Raises:
        OSError: If the picture cannot be read or converted, or has more than
            `MAX_BYTES`.
    """
    with contextlib.ExitStack() as stack:
        file = sys.stdin.buffer
        if path != '-':
            file = stack.enter_context(open(path, 'rb'))
        picture = file.read(MAX_BYTES + 1)
    if len(picture) > MAX_BYTES:
        raise OSError(errno.EFBIG, f'has more than {MAX_BYTES} bytes', path)
    try:
        return to_served(picture)
    except UserError as error:
        raise OSError(errno.EINVAL, str(error), path) from error


def answer_line(
    picture: str, number: int, answer: dict[str, np.ndarray], as_json: bool
) -> str:
    """Returns the line to print of one picture's answer.

    Args:
        picture: What to call it.
        number: The number that was added.
        answer: A dict of `digit` `(10,)`, `sum` `(19,)`, `digit_label` and
            `sum_label`: one example of what `classify_bytes` answers.
        as_json: Whether as a JSON object, with both distributions.
    """
    labels = {name: int(answer[f'{name}_label']) for name in OUTPUTS}
    if as_json:
        return json.dumps(
            {'picture': str(picture), 'number': number, **labels}
            | {
                f'{name}_probabilities': answer[name].tolist()
                for name in OUTPUTS
            }
        )
    equations = ', '.join(
        table.equation(labels['digit'], number, labels[table.name])
        for table in TABLES
    )
    sure = ', '.join(
        f'{name} {100 * answer[name].max():.1f} %' for name in OUTPUTS
    )
    return f'{picture}: {equations}  ({sure})'
