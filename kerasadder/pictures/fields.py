"""Reads numbers from the bytes of a file, in TensorFlow ops."""

import numpy as np
import tensorflow as tf


def part(
    encoded: tf.Tensor, position: int | tf.Tensor, count: int | tf.Tensor
) -> tf.Tensor:
    """Returns the bytes from `position` on, a string tensor `()`.

    These are `count` bytes, or fewer where the file ends before.
    """
    length = tf.cast(tf.strings.length(encoded), tf.int64)
    start = tf.minimum(tf.cast(position, tf.int64), length)
    return tf.strings.substr(encoded, start, tf.cast(count, tf.int64))


def octets(
    encoded: tf.Tensor, position: int | tf.Tensor, count: int
) -> tf.Tensor:
    """Reads bytes as numbers; bytes after the end of the file read as 0.

    Args:
        encoded: String tensor `()`.
        position: Index of the first byte, 0 or more, an int or int64 tensor
            `()`.
        count: How many bytes to read.

    Returns:
        int64 tensor `(count,)`, 0..255.
    """
    field = part(encoded, position, count)
    values = tf.io.decode_raw(field, tf.uint8, fixed_length=count)
    return tf.cast(tf.ensure_shape(values, (count,)), tf.int64)


def unsigned(
    encoded: tf.Tensor,
    position: int | tf.Tensor,
    count: int,
    big_endian: bool = False,
) -> tf.Tensor:
    """Reads an unsigned integer of `count` bytes, an int64 tensor `()`."""
    read = octets(encoded, position, count)
    return tf.reduce_sum(read * weights(count, big_endian))


def weights(count: int, big_endian: bool = False) -> tf.Tensor:
    """Returns the place value of each byte of an integer, int64 `(count,)`."""
    little_endian = 256 ** np.arange(count, dtype=np.int64)
    return little_endian[::-1] if big_endian else little_endian
