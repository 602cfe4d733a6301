"""Decodes PNGs of any size that memory allows, in TensorFlow ops."""

import tensorflow as tf

from kerasadder.pictures.fields import octets
from kerasadder.pictures.fields import unsigned
from kerasadder.pictures.limits import MAX_BYTES
from kerasadder.pictures.limits import SMALLER_OR_JPEG
from kerasadder.pictures.limits import require_pixels

SIGNATURE = b'\x89PNG\r\n\x1a\n'
PALETTE, WITH_ALPHA = 3, (4, 6)  # colour types


def decode_png(encoded: tf.Tensor, name: str | tf.Tensor) -> tf.Tensor:
    """Decodes a PNG, in grey if it is too large in colour.

    Args:
        encoded: String tensor `()`.
        name: String tensor `()`, what an error calls the picture.

    Returns:
        uint8 tensor `(height, width, channels)`: grey, grey and alpha, RGB or
        RGBA.

    Raises:
        InvalidArgumentError: When the op runs, if the PNG cannot be decoded, or
            has no pixels or more than `MAX_BYTES`. With transparency, the limit
            is `MAX_BYTES / 4` pixels.
    """
    height = unsigned(encoded, 20, 4, big_endian=True)
    size = tf.stack([unsigned(encoded, 16, 4, big_endian=True), height])
    kind = unsigned(encoded, 25, 1)
    has_alpha = tf.reduce_any(kind == WITH_ALPHA) | (
        (kind == PALETTE) & _has_transparent_colours(encoded)
    )
    checks = require_pixels(
        *(size, name),
        tf.where(has_alpha, 'a PNG with transparency', 'a PNG'),
        tf.where(has_alpha, MAX_BYTES // 4, MAX_BYTES),
        SMALLER_OR_JPEG,
    )
    with tf.control_dependencies(checks):
        too_large_in_colour = 3 * tf.reduce_prod(size) > MAX_BYTES
    return tf.cond(
        ~has_alpha & too_large_in_colour,
        lambda: tf.io.decode_png(encoded, channels=1),
        lambda: tf.io.decode_png(encoded),
    )


def _has_transparent_colours(encoded):
    """Returns whether a PNG has a chunk tRNS before its pixels."""

    def is_another(position):
        name = octets(encoded, position + 4, 4)
        is_last = [
            tf.reduce_all(name == [*last]) for last in (b'IDAT', b'tRNS')
        ]
        return ~tf.reduce_any(is_last) & (position < length)

    length = tf.cast(tf.strings.length(encoded), tf.int64)
    (position,) = tf.while_loop(
        is_another,
        lambda position: (
            position + 12 + unsigned(encoded, position, 4, big_endian=True),
        ),
        (tf.constant(len(SIGNATURE), tf.int64),),
        maximum_iterations=1000,
    )
    # If no pixels are found, True is the safe answer: transparency takes the
    # most memory.
    return ~tf.reduce_all(octets(encoded, position + 4, 4) == [*b'IDAT'])
