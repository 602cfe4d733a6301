"""Decodes the first frame of a GIF, in TensorFlow ops."""

import tensorflow as tf

from kerasadder.pictures.fields import unsigned
from kerasadder.pictures.limits import MAX_BYTES
from kerasadder.pictures.limits import SMALLER_OR_JPEG
from kerasadder.pictures.limits import require_pixels

EXTENSION = 0x21


def decode_gif(encoded: tf.Tensor, name: str | tf.Tensor) -> tf.Tensor:
    """Decodes the first frame of a GIF.

    Args:
        encoded: String tensor `()`.
        name: String tensor `()`, what an error calls the picture.

    Returns:
        uint8 tensor `(height, width, 3)`, RGB.

    Raises:
        InvalidArgumentError: When the op runs, if the GIF cannot be decoded, or
            has no pixels or more than `MAX_BYTES / 4`.
    """
    frame, size = _first_frame(encoded)
    # A pixel takes three bytes, and one for the index of its colour.
    limit = MAX_BYTES // 4
    checks = require_pixels(*(size, name, 'a GIF', limit, SMALLER_OR_JPEG))
    with tf.control_dependencies(checks):
        frame = tf.identity(frame)
    return tf.io.decode_image(frame, expand_animations=False)


def _first_frame(encoded):
    """Cuts a GIF after its first frame.

    Without the cut, the decoder would unpack every frame, of any size.

    Returns:
        The cut GIF, a string tensor `()`. int64 `(2,)`: height and width, each
        the larger one of what the GIF and its frame say.
    """

    def colours(position):  # the bytes of the table that these flags announce
        flags = unsigned(encoded, position, 1)
        count = tf.bitwise.left_shift(tf.constant(2, tf.int64), flags % 8)
        return tf.where(flags >= 128, 3 * count, 0)

    def after_blocks(position):  # a block is its length, then as many bytes
        (position,) = tf.while_loop(
            lambda position: unsigned(encoded, position, 1) > 0,
            lambda position: (position + unsigned(encoded, position, 1) + 1,),
            (position,),
        )
        return position + 1

    (frame,) = tf.while_loop(
        lambda position: unsigned(encoded, position, 1) == EXTENSION,
        lambda position: (after_blocks(position + 2),),
        (13 + colours(10),),
    )
    end = after_blocks(frame + 11 + colours(frame + 9))
    cut = tf.strings.substr(encoded, 0, tf.cast(end, tf.int32))
    size = tf.maximum(_size(encoded, 6), _size(encoded, frame + 5))
    return tf.strings.join([cut, ';']), size


def _size(encoded, position):
    return tf.stack([unsigned(encoded, position + i, 2) for i in (2, 0)])
