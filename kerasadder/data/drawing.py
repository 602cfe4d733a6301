"""Makes random numbers and coordinates for a batch of images."""

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
