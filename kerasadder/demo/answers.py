"""Says what the page shows of a picture, and where it listens."""

import re
import socket
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from kerasadder.data import from_idx
from kerasadder.errors import UserError
from kerasadder.pictures import normalize


def answer(
    classify: Callable, picture: bytes, number: int
) -> dict[str, np.ndarray]:
    """Says what the page shows of one picture.

    Args:
        classify: `client.Client.classify`, or what
            `model_files.load_classifier` returns.
        picture: The bytes of a PNG, JPEG, GIF or BMP.
        number: Integer 0-9.

    Returns:
        A dict: `digit` float32 `(10,)`, `sum` float32 `(19,)`, `digit_label`,
        `sum_label`, and `image` float32 `(28, 28, 1)`, 0..255, which the
        network saw.

    Raises:
        UserError: If the picture does not show a digit, with the reason, or if
            the server gives no answer.
    """
    try:
        outputs = classify([picture], [number])
    except UserError as error:
        # The server's name comes first, and it has one picture alone.
        message = re.sub(r'.*image\[0\]', 'The picture', str(error))
        raise UserError(message) from error
    return {name: array[0] for name, array in outputs.items()} | {
        'image': normalize.seen(classify, picture, number)
    }


def examples() -> list[bytes]:
    """Returns the first test image of each digit as a PNG, dark on light."""
    images, labels = from_idx.load(from_idx.mnist_folder(), 'test')
    _, first = np.unique(labels, return_index=True)
    return [tf.io.encode_png(image).numpy() for image in 255 - images[first]]


def warm_up(classify: Callable) -> None:
    """Asks about a picture of each size, for TensorFlow to prepare for both.

    Who draws would wait some seconds for the first answer otherwise.

    Raises:
        UserError: If there is no answer, for example without a server.
    """
    small = examples()[0]
    large = tf.image.resize(tf.io.decode_png(small), (336, 336), 'nearest')
    for picture in (small, tf.io.encode_png(large).numpy()):
        answer(classify, picture, 0)


def listen(host: str, port: int) -> socket.socket:
    """Returns a socket that listens there, or raises a `UserError`."""
    try:
        return socket.create_server((host, port))
    except OSError as error:
        # Python adds the address, in brackets.
        reason = error.strerror.partition(' (')[0]
        raise UserError(f'{host}:{port}: {reason}') from error
