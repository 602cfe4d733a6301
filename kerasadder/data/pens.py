"""Draws digits with other pens, and lines and digits beside them.

Each function takes images and a seed as `renderings.render` does, and gives
every image a strength of its own.
"""

import math

import tensorflow as tf

from kerasadder.data import drawing

NEIGHBOUR = 19  # pixels, from a digit's image to its neighbour's


def flag(
    images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor, share: float = 0.3
) -> tf.Tensor:
    """Gives some 1s the flag, and some the foot, that many hands write.

    MNIST was written in the United States, where a 1 is a single stroke. The
    flag falls from the top to the left, steeper and shorter than a 7's.
    """
    drawn, angle, length, width, foot, tilt = drawing.draws(images, seed, 6)
    y, x = drawing.grid(images)
    ink = tf.cast(images[..., :1] > 100, tf.float32)
    rows = tf.reduce_max(ink, axis=2, keepdims=True)
    rows_y = y[:, :, :1]
    top, bottom = (
        sign * tf.reduce_max(sign * tf.where(rows > 0, rows_y, -sign * 99.0), 1)
        for sign in (-1.0, 1.0)
    )
    top, bottom = top[:, None], bottom[:, None]

    def middle(row):
        near = ink * tf.cast(tf.abs(y - row) < 1.5, tf.float32)
        return tf.math.divide_no_nan(
            tf.reduce_sum(near * x, [1, 2], keepdims=True),
            tf.reduce_sum(near, [1, 2], keepdims=True),
        )

    height = bottom - top
    width = 0.6 + width
    angle = math.radians(25) + math.radians(40) * angle
    length = (0.2 + 0.25 * length) * height
    start = (middle(top), top + 0.5)
    end = (
        start[0] - length * tf.sin(angle),
        start[1] + length * tf.cos(angle),
    )
    cover = drawing.segment(x, y, start, end, width)
    half = (0.15 + 0.2 * foot) * height
    foot_cover = drawing.segment(
        x,
        y,
        (middle(bottom) - half, bottom - 0.3),
        (middle(bottom) + half, bottom - 1.3 + 2 * tilt),
        width,
    )
    cover = tf.where(foot < 0.4, tf.maximum(cover, foot_cover), cover)
    is_one = tf.reshape(labels, (-1, 1, 1, 1)) == 1
    cover = tf.where(is_one & (drawn < share), cover, 0.0)
    return tf.maximum(images, 255 * cover)


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
