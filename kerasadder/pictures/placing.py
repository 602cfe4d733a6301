"""Scales and centres ink as MNIST did, in TensorFlow ops.

The digit is light on dark. It keeps its aspect ratio and fits a box of 20x20
pixels. Its centre of mass lies in the centre of the 28x28 image (LeCun et al.,
1998).
"""

import tensorflow as tf

from kerasadder.pictures import ink as inks
from kerasadder.task import IMAGE_SHAPE

SIDE = IMAGE_SHAPE[0]
BOX = 20  # pixels, the longer side of the digit's box
INK = 0.2  # of full ink; the box ignores what is fainter
DUST = 0.002  # of all ink; the box leaves out so much on each side


def full_ink(ink: tf.Tensor) -> tf.Tensor:
    """Returns the ink of a pixel that ink covers fully, a float tensor `()`.

    It is the 0.9 quantile of the pixels that have half of the most ink or more.

    Args:
        ink: float tensor of any shape.
    """
    pixels = tf.boolean_mask(ink, ink >= tf.reduce_max(ink) / 2)
    return inks.quantile(tf.sort(pixels), 0.9)


def box(ink: tf.Tensor) -> tf.Tensor:
    """Returns the box around the ink: top, left, bottom, right, in pixels.

    Args:
        ink: float tensor `(height, width)`.

    Returns:
        float32 tensor `(4,)`. Bottom and right are the first row and column
        after the box. If there is no ink, the box is the whole picture.
    """
    ink = tf.where(ink >= INK, ink, 0.0)
    edges = []
    for axis in (1, 0):
        profile = tf.reduce_sum(ink, axis)
        dust = DUST * tf.reduce_sum(profile)
        inside = (tf.cumsum(profile) >= dust) & (
            tf.cumsum(profile, reverse=True) >= dust
        )
        where = tf.cast(tf.where(inside)[:, 0], tf.float32)
        edges.append((tf.reduce_min(where), tf.reduce_max(where) + 1))
    (top, bottom), (left, right) = edges
    return tf.stack([top, left, bottom, right])


def around(
    ink: tf.Tensor, scale: tf.Tensor, shape: tf.Tensor
) -> tuple[slice, slice]:
    """Returns the rows and columns of a picture around its ink.

    The margin is half of the longer side of the ink's box, and a pixel.

    Args:
        ink: float tensor `(height, width)`, the ink in a resized copy.
        scale: float tensor `(2,)`, the copy's height and width as shares of the
            picture's.
        shape: int32 tensor, the picture's shape, height and width first.
    """
    top, left, bottom, right = tf.unstack(box(ink))
    margin = tf.maximum(bottom - top, right - left) / 2 + 1
    begin = tf.maximum(tf.stack([top, left]) - margin, 0) / scale
    end = (tf.stack([bottom, right]) + margin) / scale
    end = tf.minimum(end, tf.cast(shape[:2], tf.float32))
    begin, end = tf.cast(begin, tf.int32), tf.cast(tf.math.ceil(end), tf.int32)
    return slice(begin[0], end[0]), slice(begin[1], end[1])


def place(ink: tf.Tensor) -> tf.Tensor:
    """Scales the ink's box to 20 pixels and puts its mass in the middle.

    Args:
        ink: float tensor `(height, width)`, 0..1.

    Returns:
        float32 tensor `(28, 28, 1)`, 0..1.
    """
    top, left, bottom, right = tf.unstack(box(ink))
    scale = BOX / tf.maximum(bottom - top, right - left)
    mass = tf.maximum(tf.reduce_sum(ink), 1e-3)
    height, width = tf.shape(ink)[0], tf.shape(ink)[1]
    rows = tf.range(tf.cast(height, tf.float32)) + 0.5
    columns = tf.range(tf.cast(width, tf.float32)) + 0.5
    centre = tf.stack(
        [
            tf.reduce_sum(rows[:, None] * ink) / mass,
            tf.reduce_sum(columns * ink) / mass,
        ]
    )
    image = tf.raw_ops.ScaleAndTranslate(
        images=ink[None, :, :, None],
        size=[SIDE, SIDE],
        scale=tf.stack([scale, scale]),
        # MNIST moved digits by whole pixels, rounded up. Doing the same
        # keeps its images as they are.
        translation=tf.math.ceil(SIDE / 2 - scale * centre),
        kernel_type='triangle',
        antialias=True,
    )[0]
    # Scaling has made thin strokes paler.
    return tf.clip_by_value(image / tf.maximum(full_ink(image), 1e-3), 0, 1)
