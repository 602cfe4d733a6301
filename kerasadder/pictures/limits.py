"""Refuses pictures, with a message that says why, in TensorFlow ops."""

import tensorflow as tf

# The most bytes that an unpacked picture may take. It takes up to twice as many
# while TensorFlow unpacks or cuts it. A process that has read a small picture
# takes some 920 MiB, so both together stay below 1 GiB.
MAX_BYTES = 4 * 3500 * 3500

SMALLER = 'make it smaller'
SMALLER_OR_JPEG = f'{SMALLER}, or send a JPEG'


def require(
    condition: tf.Tensor, name: str | tf.Tensor, what: str | tf.Tensor
) -> tf.Operation:
    """Returns an op that refuses a picture unless the condition holds.

    Args:
        condition: bool tensor `()`.
        name: What an error calls the picture, a string or string tensor `()`.
        what: What is wrong with the picture, a string or string tensor `()`.
            The error says the name, a space, and this.

    Raises:
        InvalidArgumentError: When the op runs, if the condition is False.
    """
    return tf.debugging.Assert(condition, [tf.strings.join([name, ' ', what])])


def require_pixels(
    size: tf.Tensor,
    name: str | tf.Tensor,
    kind: str | tf.Tensor,
    limit: int | tf.Tensor,
    instead: str | tf.Tensor,
) -> list[tf.Operation]:
    """Returns ops that refuse a picture without pixels or with too many.

    Args:
        size: int64 tensor `(2,)`, height and width as the header says.
        name: What an error calls the picture, a string or string tensor `()`.
        kind: What the limit is for, such as 'a GIF', a string or string tensor
            `()`.
        limit: The most pixels, an int or integer tensor `()`.
        instead: What the user can do about a picture with more pixels, such as
            `SMALLER`, a string or string tensor `()`.

    Raises:
        InvalidArgumentError: When an op runs, if the picture is refused.
    """
    pixels, limit = tf.reduce_prod(size), tf.cast(limit, tf.int64)
    large = tf.strings.join(
        [
            *('has ', _with_commas(pixels), ' pixels, the limit for ', kind),
            *(' is ', _with_commas(limit), ': ', instead),
        ]
    )
    has_pixels = require(tf.reduce_all(size > 0), name, 'has no pixels')
    return [has_pixels, require(pixels <= limit, name, large)]


def _with_commas(number):
    """Formats an int64 tensor `()` with commas: 40000000 as 40,000,000."""
    text = tf.strings.as_string(number)
    for _ in range(6):  # an int64 has at most seven groups of digits
        text = tf.strings.regex_replace(
            text, r'^(\d+)(\d{3})(,|$)', r'\1,\2\3', replace_global=False
        )
    return text
