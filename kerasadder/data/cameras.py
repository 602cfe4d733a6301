"""Renders digits as other cameras see them: blurred, filtered, in few pixels.

Each function takes images, float32 `(batch, height, width, channels)`, and a
seed, an integer tensor `(2,)`. It returns float32 images of the same shape.
It draws a strength for every image.
"""

import math

import numpy as np
import tensorflow as tf

from kerasadder.data import drawing

KERNEL = 9  # pixels, the side of a filter's kernel
LOW_RESOLUTIONS = range(8, 15)  # pixels a side


def resolution(
    images: tf.Tensor, seed: tf.Tensor, share: float = 0.25
) -> tf.Tensor:
    """Shrinks some images to 8 to 14 pixels a side, and enlarges them again.

    Args:
        share: The share of images, 0..1, that are shrunk.
    """
    drawn, size = drawing.draws(images, seed, 2)
    _, height, width, _ = images.shape
    index = tf.cast(size[:, 0, 0, 0] * len(LOW_RESOLUTIONS), tf.int32)
    vertical, horizontal = (
        tf.gather(
            tf.constant(
                np.stack([_resampling(side, n) for n in LOW_RESOLUTIONS])
            ),
            index,
        )
        for side in (height, width)
    )
    low = tf.einsum('byi,bijc,bxj->byxc', vertical, images, horizontal)
    return tf.where(drawn < share, tf.clip_by_value(low, 0.0, 255.0), images)


def filtered(
    images: tf.Tensor,
    seed: tf.Tensor,
    blurred: float = 0.35,
    random: float = 0.3,
) -> tf.Tensor:
    """Filters some images, each with its own kernel.

    Some kernels are Gaussians, longer in one direction, which blur as focus and
    motion do. Other kernels are random (Xu et al., "Robust and Generalizable
    Visual Representation Learning via Random Convolutions", 2021, arXiv
    2007.13003). They change texture and polarity and keep the shape.

    Args:
        blurred: The share of images, 0..1, with a Gaussian kernel.
        random: The share of images, 0..1, with a random kernel.
    """
    kinds_seed, noise_seed = drawing.split(seed, 2)
    drawn, along, across, angle, mix, wide = drawing.draws(
        images, kinds_seed, 6
    )
    y, x = (
        tf.constant(axis[None, :, :, None], tf.float32)
        for axis in np.mgrid[:KERNEL, :KERNEL] - (KERNEL - 1) / 2
    )
    u, v = drawing.turn(x, y, math.pi * angle)
    along = 0.3 + 2.7 * along**1.5  # pixels, standard deviation
    across = tf.minimum(along, 0.3 + 1.3 * across**1.5)
    blur = tf.exp(-0.5 * ((u / along) ** 2 + (v / across) ** 2))
    blur /= tf.reduce_sum(blur, [1, 2], keepdims=True)

    radius = tf.where(wide < 0.5, 1.0, 2.0)
    noise = tf.random.stateless_normal(tf.shape(blur), noise_seed)
    noise *= tf.cast(tf.maximum(tf.abs(x), tf.abs(y)) <= radius, tf.float32)
    noise /= tf.norm(noise, axis=[1, 2], keepdims=True)
    identity = tf.cast((x == 0) & (y == 0), tf.float32)

    kernels = tf.where(
        drawn < blurred + random, mix * identity + (1 - mix) * noise, identity
    )
    return _convolve(images, tf.where(drawn < blurred, blur, kernels))


def _resampling(side, low):
    """Returns the matrix that takes a line to `low` pixels and back to `side`.

    Returns:
        float32 array `(side, side)`.
    """
    with tf.init_scope():
        lines = tf.eye(side)[:, :, None]
        lines = tf.image.resize(lines, (low, side), 'area')
        return tf.image.resize(lines, (side, side), 'bicubic')[..., 0].numpy()


def _convolve(images, kernels):
    """Convolves each image with its own kernel, `(batch, side, side, 1)`."""
    _, height, width, channels = images.shape
    # The convolution takes each channel of each image as a channel.
    stacked = tf.transpose(images, [1, 2, 0, 3])
    stacked = tf.reshape(stacked, (1, height, width, -1))
    kernels = tf.repeat(tf.transpose(kernels, [1, 2, 0, 3]), channels, axis=2)
    stacked = tf.nn.depthwise_conv2d(stacked, kernels, [1, 1, 1, 1], 'SAME')
    stacked = tf.reshape(stacked, (height, width, -1, channels))
    return tf.transpose(stacked, [2, 0, 1, 3])
