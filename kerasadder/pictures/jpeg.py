"""Decodes JPEGs and turns them upright, in TensorFlow ops."""

import functools

import tensorflow as tf

from kerasadder.pictures.fields import octets
from kerasadder.pictures.fields import part
from kerasadder.pictures.fields import unsigned
from kerasadder.pictures.limits import SMALLER
from kerasadder.pictures.limits import require_pixels
from kerasadder.pictures.orientation import of_exif
from kerasadder.pictures.orientation import turn_upright

# Pixels. Decoding divides the sides by 2, 4 or 8 if the longer one keeps so
# many. A digit that is 10 mm high on an A4 page keeps some 70.
LEAST_SIDE = 2000
# Decoding more takes seconds. Such a JPEG, shrunk, takes at most 48 MB.
MAX_PIXELS = 250_000_000
# The decoder holds a whole progressive JPEG at its full size, in two bytes a
# channel. In colour, the limit is 25 million pixels.
MAX_PROGRESSIVE_BYTES = 150_000_000
RATIOS = 1, 2, 4, 8
MAX_SEGMENTS = 1000  # a colour profile alone may take 255 of them

# Markers: the byte after 0xFF (ITU-T T.81, 1992, table B.1).
BASELINE, NO_FRAMES = (0xC0, 0xC1), (0xC4, 0xC8, 0xCC)
SCAN, APP1 = 0xDA, 0xE1
EXIF = b'Exif\0\0'


def decode_jpeg(encoded: tf.Tensor, name: str | tf.Tensor) -> tf.Tensor:
    """Decodes a JPEG, shrinks it if it is large, and turns it upright.

    Args:
        encoded: String tensor `()`.
        name: String tensor `()`, what an error calls the picture.

    Returns:
        uint8 tensor `(height, width, channels)`, grey or RGB. The longer side
        of a shrunk JPEG has `LEAST_SIDE` pixels or more.

    Raises:
        InvalidArgumentError: When the op runs, if the JPEG cannot be decoded,
            or has no pixels or more than `MAX_PIXELS`. A progressive JPEG is
            refused if it takes more than `MAX_PROGRESSIVE_BYTES`.
    """
    shape = tf.io.extract_jpeg_shape(encoded, tf.int64)
    size, channels = shape[:2], tf.maximum(shape[2], 1)
    exif, is_baseline = _read_header(encoded)
    progressive = MAX_PROGRESSIVE_BYTES // (2 * channels)
    limit = tf.where(is_baseline, tf.cast(MAX_PIXELS, tf.int64), progressive)
    checks = require_pixels(
        *(size, name),
        tf.where(is_baseline, 'a JPEG', 'a progressive JPEG'),
        limit,
        tf.where(
            is_baseline, SMALLER, f'{SMALLER}, or save it as a baseline JPEG'
        ),
    )
    with tf.control_dependencies(checks):
        shrinks = tf.reduce_max(size) >= LEAST_SIDE * tf.constant(
            RATIOS[1:], tf.int64
        )
    picture = tf.switch_case(
        tf.reduce_sum(tf.cast(shrinks, tf.int32)),
        [
            functools.partial(tf.io.decode_jpeg, encoded, ratio=ratio)
            for ratio in RATIOS
        ],
    )
    return turn_upright(picture, of_exif(exif))


def _read_header(encoded):
    """Reads the segments before the first scan.

    Returns:
        The EXIF data, a string tensor `()`, empty if there are none. bool
        tensor `()`: True if the JPEG is baseline and its only scan has all
        channels. The decoder then forgets each row after unpacking it.
    """

    def begin(position):
        return octets(encoded, position, 4 + len(EXIF))

    def is_segment(unused_position, content, *_):
        marker = content[1]
        has_length = (marker >= 0xC0) & (marker < 0xD0) | (marker > SCAN)
        return (content[0] == 0xFF) & has_length

    def read(position, content, exif, channels):
        marker, high, low = tf.unstack(content[1:4])
        is_exif = (marker == APP1) & tf.reduce_all(content[4:] == [*EXIF])
        is_frame = (marker < 0xD0) & ~tf.reduce_any(marker == NO_FRAMES)
        is_baseline = tf.reduce_any(marker == BASELINE)
        # More bytes of 0xFF may precede a marker.
        after = position + tf.where(marker != 0xFF, 2 + 256 * high + low, 1)
        return (
            after,
            begin(after),
            tf.where(is_exif & (exif == 0), position, exif),
            tf.where(is_frame, tf.where(is_baseline, content[9], 0), channels),
        )

    zero = tf.constant(0, tf.int64)
    start = zero + 2
    _, scan, exif, channels = tf.while_loop(
        is_segment,
        read,
        (start, begin(start), zero, zero),
        maximum_iterations=MAX_SEGMENTS,
    )
    is_baseline = (scan[1] == SCAN) & (scan[4] == channels) & (channels > 0)
    # The segment's length counts itself and the name.
    length = unsigned(encoded, exif + 2, 2, big_endian=True) - 2 - len(EXIF)
    length = tf.where(exif > 0, tf.maximum(length, 0), 0)
    return part(encoded, exif + 4 + len(EXIF), length), is_baseline
