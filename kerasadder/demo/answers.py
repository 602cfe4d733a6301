"""Classifies pictures for the page, and opens the port of the page."""

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
    """Classifies one picture for the page.

    Args:
        classify: The method `client.Client.classify`, or a function that
            `model_files.load_classifier` returns.
        picture: The bytes of a PNG, JPEG, GIF or BMP file.
        number: Integer 0..9.

    Returns:
        A dict of the probabilities `digit`, float32 `(10,)`, and `sum`, float32
        `(19,)`; of the most probable classes `digit_label` and `sum_label`,
        int32; and of `image`, float32 `(28, 28, 1)`, 0..255: the image that the
        network saw.

    Raises:
        UserError: If the model refuses the picture, with the reason; or if the
            server does not answer.
    """
    try:
        outputs = classify([picture], [number])
    except UserError as error:
        # The message begins with the server's address and the picture's index.
        # A visitor of the page sent one picture and needs neither.
        message = re.sub(r'.*image\[0\]', 'The picture', str(error))
        raise UserError(message) from error
    return {name: array[0] for name, array in outputs.items()} | {
        'image': normalize.seen(classify, picture, number)
    }


def examples() -> list[bytes]:
    """Returns the first MNIST test image of each digit, 0 to 9.

    Returns:
        A list of the bytes of ten PNG files, 28x28 pixels, dark on light.
    """
    images, labels = from_idx.load(from_idx.mnist_folder(), 'test')
    _, first = np.unique(labels, return_index=True)
    return [tf.io.encode_png(image).numpy() for image in 255 - images[first]]


def warm_up(classify: Callable) -> None:
    """Classifies a small and a large picture, so that later calls are fast.

    TensorFlow prepares for small and for large pictures separately, at the
    first of each. Without this call the first visitor would wait some seconds.

    Args:
        classify: The same as for `answer`.

    Raises:
        UserError: If the server does not answer.
    """
    small = examples()[0]
    large = tf.image.resize(tf.io.decode_png(small), (336, 336), 'nearest')
    for picture in (small, tf.io.encode_png(large).numpy()):
        answer(classify, picture, 0)


def listen(host: str, port: int) -> socket.socket:
    """Opens a TCP socket that listens on a host and a port.

    Args:
        host: Name or address of this machine.
        port: Port number; 0 for a free one.

    Returns:
        The listening socket.

    Raises:
        UserError: If the address cannot be used, for example because another
            process listens on the port.
    """
    try:
        return socket.create_server((host, port))
    except OSError as error:
        # Python appends the address in brackets; this message begins with it.
        reason = error.strerror.partition(' (')[0]
        raise UserError(f'{host}:{port}: {reason}') from error
