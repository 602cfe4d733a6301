"""Pictures from bytes of which nothing is known, in TensorFlow ops."""

import functools

import tensorflow as tf

from kerasadder.pictures.bitmap import decode_bmp
from kerasadder.pictures.gif import decode_gif
from kerasadder.pictures.jpeg import decode_jpeg
from kerasadder.pictures.limits import require
from kerasadder.pictures.png import SIGNATURE
from kerasadder.pictures.png import decode_png
from kerasadder.pictures.subgraph import subgraph

_STRING = tf.TensorSpec((), tf.string)

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
    """Decodes a PNG, JPEG, GIF (its first frame) or BMP.

    Args:
        encoded: String tensor `()`.
        name: What to call it in an error, a string or a string tensor.

    Returns:
        uint8 tensor `(height, width, channels)`: grey, grey and alpha, RGB or
        RGBA. A large JPEG is shrunk to half its sides, a quarter or an eighth,
        2000 pixels or more; it is turned upright.

    Raises:
        InvalidArgumentError: When run, if it is no picture, of a kind that is
            not read, or larger than the limits of its kind.
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
        functools.partial(subgraph(_STRING, _STRING)(decode), encoded, name)
        for decode in KINDS.values()
    ]
    picture = tf.case(list(zip(known, decoders)))
    return tf.ensure_shape(picture, (None, None, None))
