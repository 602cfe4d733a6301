"""Renders images anew: with other pens, on other papers, by other cameras.

MNIST's images are all alike: a bold pen, black paper, no line or speck beside
the digit. Each kind of rendering adds one difference, after some digits have
been drawn in forms that MNIST lacks. A kind is a pure function of images,
float32 `(batch, height, width, channels)`, 0..255, and a seed, int64 `(2,)`. It
gives every image a strength of its own.

Keras has layers for blurs and erased boxes. They keep a generator as state, so
a resumed run could not see the images of an uninterrupted one.
"""

import tensorflow as tf

from kerasadder.data import cameras
from kerasadder.data import drawing
from kerasadder.data import hands
from kerasadder.data import papers
from kerasadder.data import pens
from kerasadder.data.augmentation import random_warp

# Wider than the warps of images that are not rendered anew.
WARP = {
    'rotation': 25.0,
    'scale': 0.4,
    'shear': 0.3,
    'shift': 3.5,
    'elastic': 0.7,
}


def render(
    images: tf.Tensor,
    labels: tf.Tensor,
    seed: tf.Tensor,
    drawn_share: float = 0.0,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Renders each image anew, by several kinds that it draws at random.

    Args:
        images: Tensor `(batch, height, width, channels)` of any real dtype,
            0..255, light on dark.
        labels: int32 tensor `(batch,)`, the digits.
        seed: Integer tensor `(2,)`. Equal seeds render equally.
        drawn_share: The share of the images, 0..1, from the first on, in whose
            place `hands.draw` draws other digits.

    Returns:
        float32 tensor of the shape of `images`, whose range is not 0..255: the
        model standardises its input; and the labels of these images, int32
        tensor `(batch,)`.
    """
    kinds = [
        lambda images, seed: random_warp(images, seed, **WARP),
        pens.stroke,
        pens.outline,
        cameras.resolution,
        cameras.filtered,
        pens.line,
        pens.neighbour,
        papers.patch,
        papers.texture,
    ]
    images = tf.cast(images, tf.float32)
    hands_seed, *seeds = drawing.split(seed, 1 + len(kinds))
    number = round(drawn_share * images.shape[0])
    drawn, digits = hands.draw(images[:number], hands_seed)
    images = tf.concat([drawn, images[number:]], axis=0)
    labels = tf.concat([digits, labels[number:]], axis=0)
    for kind, kind_seed in zip(kinds, seeds):
        images = kind(images, kind_seed)
    return images, labels
