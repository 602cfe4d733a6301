"""What is refused of a picture, and the words for it, in TensorFlow ops."""

import tensorflow as tf

# What one picture may take unpacked: twice that, while it is unpacked or cut,
# and the process, some 800 MiB with a SavedModel, stay below 1 GiB.
MAX_BYTES = 4 * 4096 * 4096

SMALLER = 'make it smaller'
SMALLER_OR_JPEG = f'{SMALLER}, or send a JPEG'


def require(
    condition: tf.Tensor, name: str | tf.Tensor, what: str | tf.Tensor
) -> tf.Operation:
    """Returns the assertion that `name` is as it must be, a tensor op.

    Args:
        condition: bool tensor `()`.
        name: String tensor `()`.
        what: What is wrong with it, a string or a string tensor, to follow
            the name in the error.
    """
    return tf.debugging.Assert(condition, [tf.strings.join([name, ' ', what])])


def require_pixels(
    size: tf.Tensor,
    name: str | tf.Tensor,
    kind: str | tf.Tensor,
    limit: int | tf.Tensor,
    instead: str | tf.Tensor,
) -> list[tf.Operation]:
    """Returns the assertions that a picture has pixels, and not too many.

    Args:
        size: int64 tensor `(2,)`, height and width as the header says.
        name: String tensor `()`.
        kind: What the limit holds for, such as 'a GIF', or a string tensor.
        limit: The most pixels there may be, a number or a tensor.
        instead: What to do about a picture that has more: `SMALLER` and so on,
            or a string tensor.
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
    """Writes 40000000 as 40,000,000: an int64 tensor `()` as a string."""
    text = tf.strings.as_string(number)
    for _ in range(6):  # an int64 has at most seven groups of digits
        text = tf.strings.regex_replace(
            text, r'^(\d+)(\d{3})(,|$)', r'\1,\2\3', replace_global=False
        )
    return text
