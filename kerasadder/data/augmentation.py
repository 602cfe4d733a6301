"""Warps images at random, as a pure function of a seed."""

import math

import numpy as np
import tensorflow as tf

ROTATION = 10.0  # degrees, either way
SCALE = 0.1  # relative to 1, either way, each axis on its own
SHEAR = 0.1  # horizontal shift per row, either way
SHIFT = 2.0  # pixels, either way, each axis on its own
ELASTIC = 0.6  # pixels, standard deviation, each axis on its own
GRID = 7  # bumps along each axis, which make up an elastic distortion


def random_warp(
    images: tf.Tensor,
    seed: tf.Tensor,
    rotation: float = ROTATION,
    scale: float = SCALE,
    shear: float = SHEAR,
    shift: float = SHIFT,
    elastic: float = ELASTIC,
) -> tf.Tensor:
    """Warps each image by its own affine map and its own elastic distortion.

    Equal seeds give equal warps. Each strength of the affine map is the
    half-width of a uniform distribution around no change. The elastic
    distortion is a smooth random displacement of every pixel (after Simard,
    Steinkraus and Platt, 2003).

    Args:
        images: Tensor `(batch, height, width, channels)` of any real dtype.
        seed: Integer tensor of shape `(2,)`.
        rotation: Degrees.
        scale: Relative to 1, drawn for each axis.
        shear: Columns per row.
        shift: Pixels, drawn for each axis.
        elastic: Standard deviation of a pixel's displacement, pixels.

    Returns:
        float32 tensor of the shape of `images`. Pixels are interpolated
        bilinearly, and are 0 where the warp points outside the image.
    """
    shape = tf.shape(images)
    batch, height, width = shape[0], images.shape[1], images.shape[2]
    affine_seed, elastic_seed = tf.unstack(
        tf.random.experimental.stateless_split(seed, 2)
    )
    strengths = [math.radians(rotation), scale, scale, shear, shift, shift]
    draws = tf.random.stateless_uniform((6, batch), affine_seed, -1.0, 1.0)
    angle, scale_x, scale_y, shear, shift_x, shift_y = tf.unstack(
        (draws * tf.constant(strengths)[:, None])[..., None]
    )
    # The map goes from output to input pixels, both from the centre.
    cos, sin = tf.cos(angle), tf.sin(angle)
    y, x = (
        tf.reshape(axis, (1, -1))
        for axis in np.mgrid[:height, :width].astype(np.float32)
        - np.float32([[[height - 1]], [[width - 1]]]) / 2
    )
    source_x = cos * (1.0 + scale_x) * x + (shear * cos - sin) * y + shift_x
    source_y = sin * x + (shear * sin + cos) * (1.0 + scale_y) * y + shift_y
    if elastic:
        bumps = _bumps(height, width)
        weights = elastic * tf.random.stateless_normal(
            (2, batch, len(bumps)), elastic_seed
        )
        source_x += weights[0] @ bumps
        source_y += weights[1] @ bumps
    return _bilinear(
        tf.cast(images, tf.float32),
        source_x + (width - 1) / 2,
        source_y + (height - 1) / 2,
    )


def _bumps(height, width):
    """Returns a grid of Gaussian bumps, float32 `(GRID**2, height * width)`.

    Weighted by standard normal draws, the bumps add up to a smooth field. Its
    variance, averaged over the pixels, is 1.
    """
    along = [
        np.exp(
            -(
                (np.arange(size)[:, None] - np.linspace(0, size - 1, GRID)) ** 2
                / (2 * (0.6 * (size - 1) / (GRID - 1)) ** 2)
            )
        )
        for size in (height, width)
    ]
    bumps = np.einsum('yi,xj->ijyx', *along).reshape(GRID**2, -1)
    return np.float32(bumps / np.sqrt(np.mean(np.sum(bumps**2, axis=0))))


def _bilinear(images, x, y):
    """Interpolates images, with zeros around, at points `(batch, pixels)`."""
    shape = tf.shape(images)
    padded = tf.pad(images, [[0, 0], [1, 2], [1, 2], [0, 0]])
    _, height, width, channels = padded.shape
    pixels = tf.reshape(padded, (-1, channels))
    x = tf.clip_by_value(x + 1, 0.0, width - 2.0)
    y = tf.clip_by_value(y + 1, 0.0, height - 2.0)
    left, top = tf.floor(x), tf.floor(y)
    right, below = (x - left)[..., None], (y - top)[..., None]
    first = tf.range(shape[0])[:, None] * (height * width)
    index = first + tf.cast(top, tf.int32) * width + tf.cast(left, tf.int32)

    def row(index):
        start = tf.gather(pixels, index)
        return start + (tf.gather(pixels, index + 1) - start) * right

    upper, lower = row(index), row(index + width)
    return tf.reshape(upper + (lower - upper) * below, shape)
