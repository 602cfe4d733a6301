"""Filters pictures with windows of any size, in TensorFlow ops."""

import tensorflow as tf


def slide_max(values: tf.Tensor, window: tf.Tensor) -> tf.Tensor:
    """Returns the maximum over the square window around each pixel.

    Two windows side by side make one window of twice the width. So the time
    grows only with the logarithm of the window's width.

    Args:
        values: float tensor `(masks, height, width)`.
        window: int32 tensor `()`, odd.

    Returns:
        A tensor of the same shape.
    """
    reach = window // 2
    pads = [[0, 0], [reach, reach], [reach, reach]]
    values = tf.pad(values, pads, constant_values=values.dtype.min)

    def widen(values, reach):
        step = tf.minimum(reach, window - reach)
        for axis in (1, 2):
            step_along = step * tf.constant([int(i == axis) for i in range(3)])
            size = tf.shape(values) - step_along
            values = tf.maximum(
                tf.slice(values, [0, 0, 0], size),
                tf.slice(values, step_along, size),
            )
        return values, reach + step

    # A loop, because a graph of all doublings takes memory when it is loaded.
    values, _ = tf.while_loop(
        lambda _, reach: reach < window,
        widen,
        (values, tf.constant(1)),
        (tf.TensorShape([None, None, None]), tf.TensorShape([])),
    )
    return values


def opening(values: tf.Tensor, window: tf.Tensor) -> tf.Tensor:
    """Returns the morphological opening by a square (Serra, 1982).

    Of all squares that contain a pixel, each has a minimum. The pixel gets the
    largest one. So light areas that are narrower than the square disappear.

    Args:
        values: float tensor `(masks, height, width)`.
        window: int32 tensor `()`, odd, the side of the square.

    Returns:
        A tensor of the same shape.
    """
    return slide_max(-slide_max(-values, window), window)


def mean(values: tf.Tensor, window: tf.Tensor) -> tf.Tensor:
    """Returns the mean over the square window around each pixel.

    At the border, only the part of the window within the picture counts.

    Args:
        values: float tensor `(height, width, channels)`.
        window: int32 tensor `()`, odd.

    Returns:
        A tensor of the same shape.
    """
    for axis in (0, 1):
        length = tf.shape(values)[axis]
        pads = [[0, 0], [0, 0], [0, 0]]
        pads[axis] = [1, 0]
        sums = tf.pad(tf.cumsum(values, axis), pads)
        place = tf.range(length)
        begin = tf.maximum(place - window // 2, 0)
        end = tf.minimum(place + window // 2 + 1, length)
        count = tf.cast(end - begin, tf.float32)
        count = tf.reshape(count, [-1, 1] if axis else [-1, 1, 1])
        total = tf.gather(sums, end, axis=axis) - tf.gather(
            sums, begin, axis=axis
        )
        values = total / count
    return values
