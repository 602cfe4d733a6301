"""Decodes pictures from bytes of any kind, in TensorFlow ops."""

import functools

import tensorflow as tf

from kerasadder.pictures.bitmap import decode_bmp
from kerasadder.pictures.gif import decode_gif
from kerasadder.pictures.jpeg import decode_jpeg
from kerasadder.pictures.limits import require
from kerasadder.pictures.png import SIGNATURE
from kerasadder.pictures.png import decode_png

KINDS = {
    SIGNATURE: decode_png,
    b'\xff\xd8\xff': decode_jpeg,
    b'GIF87a': decode_gif,
    b'GIF89a': decode_gif,
    b'BM': decode_bmp,
}


def decode_picture(
    encoded: tf.Tensor, name: str | tf.Tensor = 'picture'
) -> tf.Tensor:
    """Decodes a PNG, a JPEG, a BMP or the first frame of a GIF.

    Args:
        encoded: String tensor `()`.
        name: What an error calls the picture, a string or string tensor `()`.

    Returns:
        uint8 tensor `(height, width, channels)`: grey, grey and alpha, RGB or
        RGBA. A JPEG is upright. The sides of a large JPEG are divided by 2, 4
        or 8; the longer side keeps 2000 pixels or more.

    Raises:
        InvalidArgumentError: When the op runs, if the bytes are not a picture
            of these formats, cannot be decoded, or exceed their format's limit.
    """
    encoded, name = tf.convert_to_tensor(encoded), tf.convert_to_tensor(name)
    known = [
        tf.strings.substr(encoded, 0, len(magic)) == magic for magic in KINDS
    ]
    is_picture = require(
        tf.reduce_any(known), name, 'is not a PNG, JPEG, GIF or BMP'
    )
    with tf.control_dependencies([is_picture]):
        encoded = tf.identity(encoded)
    decoders = [
        functools.partial(decode, encoded, name) for decode in KINDS.values()
    ]
    picture = tf.case(list(zip(known, decoders)))
    return tf.ensure_shape(picture, (None, None, None))
