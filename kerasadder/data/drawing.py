"""Makes random numbers, coordinates and strokes for a batch of images."""

import numpy as np
import tensorflow as tf


def split(seed: tf.Tensor, number: int) -> list[tf.Tensor]:
    """Splits a seed, an integer tensor `(2,)`, into `number` such seeds."""
    return tf.unstack(tf.random.experimental.stateless_split(seed, number))


def draws(images: tf.Tensor, seed: tf.Tensor, number: int) -> list[tf.Tensor]:
    """Draws uniform values in 0..1, `number` for each image.

    Returns:
        A list of `number` float32 tensors `(batch, 1, 1, 1)`.
    """
    shape = (number, tf.shape(images)[0], 1, 1, 1)
    return tf.unstack(tf.random.stateless_uniform(shape, seed))


def grid(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns each pixel's y and x, counted from the centre of the image.

    Returns:
        Two float32 tensors `(1, height, width, 1)`, in pixels.
    """
    _, height, width, _ = images.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return tf.constant((y - (height - 1) / 2)[None, :, :, None]), tf.constant(
        (x - (width - 1) / 2)[None, :, :, None]
    )


def turn(
    x: tf.Tensor, y: tf.Tensor, angle: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the coordinates along and across a direction.

    Args:
        x: float tensor, pixels.
        y: float tensor, pixels.
        angle: float tensor, the direction in radians, from x towards y.
    """
    cos, sin = tf.cos(angle), tf.sin(angle)
    return x * cos + y * sin, y * cos - x * sin


def segment(
    x: tf.Tensor,
    y: tf.Tensor,
    start: tuple[tf.Tensor, tf.Tensor],
    end: tuple[tf.Tensor, tf.Tensor],
    width: tf.Tensor,
) -> tf.Tensor:
    """Returns how much a straight stroke covers each pixel, 0..1.

    Args:
        x: float tensor, the pixels' x, as `grid` returns it.
        y: float tensor, the pixels' y.
        start: x and y of the stroke's start, float tensors, pixels.
        end: x and y of the stroke's end.
        width: float tensor, half of the stroke's width, pixels.

    Returns:
        float tensor of the shape that the arguments broadcast to.
    """
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    share = tf.math.divide_no_nan(
        (x - start[0]) * along_x + (y - start[1]) * along_y,
        along_x**2 + along_y**2,
    )
    share = tf.clip_by_value(share, 0.0, 1.0)
    distance = tf.sqrt(
        (x - start[0] - share * along_x) ** 2
        + (y - start[1] - share * along_y) ** 2
    )
    return tf.clip_by_value(width + 0.5 - distance, 0.0, 1.0)
