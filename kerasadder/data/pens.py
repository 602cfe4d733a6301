"""Draws digits with other pens, and lines and digits beside them.

Each function takes images and a seed as `renderings.render` does, and gives
every image a strength of its own.
"""

import math

import tensorflow as tf

from kerasadder.data import drawing

NEIGHBOUR = 19  # pixels, from a digit's image to its neighbour's


def stroke(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Makes strokes thinner or thicker, as other pens do.

    Thinner by a 2x2 minimum, thicker by a 3x3 maximum once or twice.
    """
    drawn, weight = drawing.draws(images, seed, 2)
    thin = -tf.nn.max_pool2d(-images, 2, 1, 'SAME')
    thick = tf.nn.max_pool2d(images, 3, 1, 'SAME')
    thicker = tf.nn.max_pool2d(thick, 3, 1, 'SAME')
    other = tf.where(drawn < 0.1, thicker, images)
    other = tf.where((drawn >= 0.1) & (drawn < 0.3), thick, other)
    other = tf.where((drawn >= 0.3) & (drawn < 0.6), thin, other)
    return images + tf.sqrt(weight) * (other - images)


def outline(
    images: tf.Tensor, seed: tf.Tensor, share: float = 0.06
) -> tf.Tensor:
    """Hollows some digits: leaves the rim that a thicker stroke would add."""
    (drawn,) = drawing.draws(images, seed, 1)
    rim = tf.nn.max_pool2d(images, 3, 1, 'SAME') - images
    return tf.where(drawn < share, rim, images)


def line(images: tf.Tensor, seed: tf.Tensor, share: float = 0.45) -> tf.Tensor:
    """Draws a line of any grey across some images: straight, bent or wavy."""
    (
        drawn,
        angle,
        offset,
        bend,
        width,
        grey,
        begin,
        length,
        amplitude,
        period,
    ) = drawing.draws(images, seed, 10)
    y, x = drawing.grid(images)
    u, v = drawing.turn(x, y, 2 * math.pi * angle)
    bend = tf.where(bend > 0.3, 0.12 * (bend - 0.5), 0.0)
    amplitude = 5 * tf.nn.relu(amplitude - 0.5)
    frequency = 2 * math.pi / (4 + 12 * period)
    phase = frequency * u + 50 * begin
    curve = 26 * (offset - 0.5) + bend * (u**2 - 60)
    curve += amplitude * tf.sin(phase)
    slope = 2 * bend * u + amplitude * frequency * tf.cos(phase)
    distance = tf.abs(v - curve) / tf.sqrt(1 + slope**2)
    cover = tf.clip_by_value(0.8 + 1.2 * width - distance, 0.0, 1.0)
    begin = 30 * begin - 26
    end = begin + 12 + 50 * length
    cover *= tf.clip_by_value(tf.minimum(u - begin, end - u) + 0.5, 0.0, 1.0)
    cover = tf.where(drawn < share, cover, 0.0)
    return images + cover * (255 * tf.minimum(1.5 * grey, 1.0) - images)


def neighbour(
    images: tf.Tensor, seed: tf.Tensor, share: float = 0.08
) -> tf.Tensor:
    """Lets another digit of the batch reach into some images from a side."""
    drawn, side = drawing.draws(images, seed, 2)
    others = tf.roll(images, 1, axis=0)
    gap = [NEIGHBOUR, 0]
    right = tf.pad(others[:, :, :-NEIGHBOUR], [[0, 0], [0, 0], gap, [0, 0]])
    left = tf.pad(others[:, :, NEIGHBOUR:], [[0, 0], [0, 0], gap[::-1], [0, 0]])
    other = tf.where(side < 0.5, left, right)
    return tf.where(drawn < share, tf.maximum(images, other), images)
