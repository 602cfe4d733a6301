"""Sees digits by other cameras: out of focus, moved, of few pixels.

Each function takes images and a seed as `renderings.render` does, and gives
every image a strength of its own.
"""

import math

import numpy as np
import tensorflow as tf

from kerasadder.data import drawing

KERNEL = 9  # pixels, the side of a filter's kernel
LOW_RESOLUTIONS = range(8, 15)  # pixels, of an image's side


def resolution(
    images: tf.Tensor, seed: tf.Tensor, share: float = 0.25
) -> tf.Tensor:
    """Shrinks some images to 8 to 14 pixels a side, and enlarges them again."""
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
    """Filters each image by a kernel of its own.

    Some kernels are a Gaussian, longer in one direction, as focus and motion
    blur. Some are random (Xu et al., "Robust and Generalizable Visual
    Representation Learning via Random Convolutions", 2021, arXiv 2007.13003):
    they change texture and polarity and keep the shape.
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
    """Returns the matrix `(side, side)` that shrinks and enlarges a line."""
    with tf.init_scope():
        lines = tf.eye(side)[:, :, None]
        lines = tf.image.resize(lines, (low, side), 'area')
        return tf.image.resize(lines, (side, side), 'bicubic')[..., 0].numpy()


def _convolve(images, kernels):
    """Convolves each image with its kernel, `(batch, side, side, 1)`."""
    _, height, width, channels = images.shape
    # To the convolution each image's channel is a channel.
    stacked = tf.transpose(images, [1, 2, 0, 3])
    stacked = tf.reshape(stacked, (1, height, width, -1))
    kernels = tf.repeat(tf.transpose(kernels, [1, 2, 0, 3]), channels, axis=2)
    stacked = tf.nn.depthwise_conv2d(stacked, kernels, [1, 1, 1, 1], 'SAME')
    stacked = tf.reshape(stacked, (height, width, -1, channels))
    return tf.transpose(stacked, [2, 0, 1, 3])
