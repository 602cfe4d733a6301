"""Decodes BMPs, with or without a palette, in TensorFlow ops."""

import numpy as np
import tensorflow as tf

from kerasadder.pictures.fields import octets
from kerasadder.pictures.fields import unsigned
from kerasadder.pictures.limits import MAX_BYTES
from kerasadder.pictures.limits import SMALLER_OR_JPEG
from kerasadder.pictures.limits import require
from kerasadder.pictures.limits import require_pixels

FILE_HEADER, INFO_HEADER = 14, 40  # bytes; newer headers append fields
UNCOMPRESSED, WITH_MASKS = (0,), (0, 3, 6)  # values of the header's field
PALETTES = 1, 4, 8  # bits a pixel of a BMP with a palette


def decode_bmp(encoded: tf.Tensor, name: str | tf.Tensor) -> tf.Tensor:
    """Decodes an uncompressed BMP of 1, 4, 8, 24 or 32 bits a pixel.

    Args:
        encoded: String tensor `()`.
        name: String tensor `()`, what an error calls the picture.

    Returns:
        uint8 tensor `(height, width, channels)`: RGB or RGBA.

    Raises:
        InvalidArgumentError: When the op runs, if the BMP is of another kind,
            is cut short, or has no pixels or more than `MAX_BYTES / 4`.
    """
    bits = unsigned(encoded, 28, 2)
    compression = unsigned(encoded, 30, 4)
    has_palette = tf.reduce_any(bits == PALETTES)
    is_read = tf.where(
        has_palette,
        tf.reduce_any(compression == UNCOMPRESSED),
        tf.reduce_any(bits == (24, 32))
        & tf.reduce_any(compression == WITH_MASKS),
    ) & (unsigned(encoded, FILE_HEADER, 4) >= INFO_HEADER)
    is_kind = require(
        is_read,
        name,
        'is a BMP of a kind that is not read (1, 4, 8, 24 and 32 bits without'
        ' compression are): save it as a PNG',
    )
    with tf.control_dependencies([is_kind]):
        height, width = tf.unstack(_signed_size(encoded))
    size = tf.stack([tf.abs(height), width])
    checks = require_pixels(
        # With a palette, a pixel briefly takes 8 bytes: 4 of them are the
        # index of its colour.
        *(size, name, 'a BMP', MAX_BYTES // 4),
        SMALLER_OR_JPEG,
    )
    with tf.control_dependencies(checks):
        encoded = tf.identity(encoded)
    cases = [
        (bits == count, lambda count=count: _by_colour(encoded, count, name))
        for count in PALETTES
    ]
    return tf.case(cases, default=lambda: tf.io.decode_bmp(encoded))


def _by_colour(encoded, bits, name):
    """Decodes a BMP with a palette, of `bits` bits a pixel.

    Returns:
        uint8 tensor `(height, width, 3)`, RGB.
    """
    height, width = tf.unstack(_signed_size(encoded))
    row = (width * bits + 31) // 32 * 4  # bytes, padded
    start, count = unsigned(encoded, 10, 4), tf.abs(height) * row
    length = tf.cast(tf.strings.length(encoded), tf.int64)
    whole = require(start + count <= length, name, 'is cut short')
    with tf.control_dependencies([whole]):
        rows = tf.strings.substr(encoded, start, count)
    rows = tf.reshape(tf.io.decode_raw(rows, tf.uint8), (tf.abs(height), row))
    # One look-up for each byte gives all of its pixels.
    pixels = tf.gather(_pixels_of_bytes(encoded, bits), tf.cast(rows, tf.int32))
    pixels = tf.reshape(pixels, (tf.abs(height), row * 8 // bits, 3))
    # A BMP stores its last row first, unless its height is negative.
    order = tf.cond(height > 0, lambda: pixels[::-1], lambda: pixels)
    return order[:, :width]


def _pixels_of_bytes(encoded, bits):
    """Returns the RGB pixels that each byte holds, `(256, 8 / bits, 3)`."""
    start = FILE_HEADER + unsigned(encoded, FILE_HEADER, 4)
    palette = tf.reshape(octets(encoded, start, 4 * 2**bits), (2**bits, 4))
    rgb = tf.cast(palette[:, 2::-1], tf.uint8)  # from blue, green, red, 0
    shifts = np.arange(8 - bits, -1, -bits)
    indices = np.arange(256)[:, None] >> shifts & (2**bits - 1)
    return tf.gather(rgb, indices)


def _signed_size(encoded):
    """Returns height and width; the height is negative if the top is first."""
    size = tf.stack([unsigned(encoded, position, 4) for position in (22, 18)])
    return tf.where(size >= 2**31, size - 2**32, size)
