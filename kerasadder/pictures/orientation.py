"""Turns photographs upright by their EXIF data, in TensorFlow ops.

The orientation says how the camera was held (CIPA DC-008, 2012, 4.6.4).
"""

import tensorflow as tf

from kerasadder.pictures.fields import octets
from kerasadder.pictures.fields import unsigned
from kerasadder.pictures.fields import weights

TAG, SHORT = 0x0112, 3
MAX_ENTRIES = 512  # of a directory; cameras write some dozens
MIRRORED, UPSIDE_DOWN, ON_ITS_SIDE = (2, 3, 6, 7), (3, 4, 7, 8), (5, 6, 7, 8)


def of_exif(exif: tf.Tensor) -> tf.Tensor:
    """Reads the orientation from EXIF data.

    Args:
        exif: String tensor `()`, the bytes after 'Exif' and two zeros: a TIFF
            header and its directories. The string may be damaged or empty.

    Returns:
        int64 tensor `()`, 1..8. It is 1, upright, if the data do not say.
    """
    order = tf.strings.substr(exif, 0, 4)
    return tf.case(
        [
            (order == b'II*\0', lambda: _in_directory(exif, False)),
            (order == b'MM\0*', lambda: _in_directory(exif, True)),
        ],
        default=lambda: tf.constant(1, tf.int64),
    )


def _in_directory(exif, big_endian):
    """Returns the orientation in the first directory, or else 1."""
    start = unsigned(exif, 4, 4, big_endian)
    count = unsigned(exif, start, 2, big_endian)
    entries = octets(exif, start + 2, 12 * MAX_ENTRIES)
    entries = tf.reshape(entries, (MAX_ENTRIES, 12))
    tag, kind, length, value = (
        tf.reduce_sum(
            entries[:, begin:end] * weights(end - begin, big_endian), 1
        )
        for begin, end in ((0, 2), (2, 4), (4, 8), (8, 10))
    )
    says = (tag == TAG) & (kind == SHORT) & (length == 1)
    says &= (value >= 1) & (value <= 8)
    says &= tf.range(MAX_ENTRIES, dtype=tf.int64) < count
    return tf.concat([value[says], [1]], axis=0)[0]


def turn_upright(picture: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Turns and mirrors a picture so that it is upright.

    Args:
        picture: uint8 tensor `(height, width, channels)`.
        orientation: int64 tensor `()`, 1..8.

    Returns:
        uint8 tensor `(height, width, channels)`, or `(width, height, channels)`
        if the picture lay on its side.
    """

    def is_one_of(orientations):
        return tf.reduce_any(orientation == tf.constant(orientations, tf.int64))

    def turn():
        turned = tf.cond(
            is_one_of(ON_ITS_SIDE),
            lambda: tf.transpose(picture, (1, 0, 2)),
            lambda: picture,
        )
        flips = tf.stack([is_one_of(UPSIDE_DOWN), is_one_of(MIRRORED)])
        return tf.reverse(turned, tf.where(flips)[:, 0])

    return tf.cond(orientation == 1, lambda: picture, turn)
