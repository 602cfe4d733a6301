"""MNIST's own normalisation of ink, in TensorFlow ops.

The digit, light on dark, fits a box of 20x20 pixels with its aspect kept, and
its centre of mass is the centre of the 28x28 image (LeCun et al., 1998).
"""

import tensorflow as tf

from kerasadder.pictures import ink as inks
from kerasadder.task import IMAGE_SHAPE

SIDE = IMAGE_SHAPE[0]
BOX = 20  # pixels, the longer side of the digit's box
INK = 0.2  # of full ink; fainter is not counted to the box
DUST = 0.002  # of all ink, on each side of the box


def full_ink(ink: tf.Tensor) -> tf.Tensor:
    """Returns the ink of a pixel that is all ink."""
    pixels = tf.boolean_mask(ink, ink >= tf.reduce_max(ink) / 2)
    return inks.quantile(tf.sort(pixels), 0.9)


def box(ink: tf.Tensor) -> tf.Tensor:
    """Returns the box of the ink: top, left, bottom, right, in pixels."""
    ink = tf.where(ink >= INK, ink, 0.0)
    edges = []
    for axis in (1, 0):
        profile = tf.reduce_sum(ink, axis)
        dust = DUST * tf.reduce_sum(profile)
        inside = (tf.cumsum(profile) > dust) & (
            tf.cumsum(profile, reverse=True) > dust
        )
        where = tf.cast(tf.where(inside)[:, 0], tf.float32)
        edges.append((tf.reduce_min(where), tf.reduce_max(where) + 1))
    (top, bottom), (left, right) = edges
    return tf.stack([top, left, bottom, right])


def around(
    ink: tf.Tensor, scale: tf.Tensor, shape: tf.Tensor
) -> tuple[slice, slice]:
    """Returns the rows and columns of a picture that its ink is in.

    Args:
        ink: float tensor `(height, width)`, the ink in the picture made small.
        scale: float tensor `(2,)`, how small.
        shape: Of the picture.
    """
    top, left, bottom, right = tf.unstack(box(ink))
    margin = tf.maximum(bottom - top, right - left) / 2 + 1
    begin = tf.maximum(tf.stack([top, left]) - margin, 0) / scale
    end = (tf.stack([bottom, right]) + margin) / scale
    end = tf.minimum(end, tf.cast(shape[:2], tf.float32))
    begin, end = tf.cast(begin, tf.int32), tf.cast(tf.math.ceil(end), tf.int32)
    return slice(begin[0], end[0]), slice(begin[1], end[1])


def place(ink: tf.Tensor) -> tf.Tensor:
    """Returns `(28, 28, 1)`: the box scaled to 20, its mass in the middle."""
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
        # By whole pixels and up, as MNIST did: its images stay themselves.
        translation=tf.math.ceil(SIDE / 2 - scale * centre),
        kernel_type='triangle',
        antialias=True,
    )[0]
    # Thin strokes have paled.
    return tf.clip_by_value(image / tf.maximum(full_ink(image), 1e-3), 0, 1)
