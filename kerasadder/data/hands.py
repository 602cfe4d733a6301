"""Draws digits from strokes, as hands write them that MNIST does not know.

MNIST was written in the United States. Elsewhere many people give a 1 a flag,
cross a 7, leave a 4 open and curl the tail of a 9.
"""

import itertools

import numpy as np
import tensorflow as tf

from kerasadder.data import drawing

# The forms of each digit. All forms are drawn equally often, so a digit that
# people write in many ways is drawn more often. A form is some strokes with `|`
# between them. A stroke runs smoothly through its points, each x,y: x from the
# left, y from the top, both in hundredths of the height. Strokes with a point
# in common meet there.
FORMS = (
    (
        '50,0 20,15 10,50 20,85 50,100 80,85 90,50 80,15 50,0',
        '60,3 25,20 20,55 35,95 65,90 80,50 75,15 45,2',
        '75,10 35,5 8,50 40,100 88,55 62,2 25,22',
    ),
    (
        '50,0 50,100',
        '25,30 55,0 | 55,0 53,100',
        '5,55 60,0 | 60,0 55,100',
        '0,75 55,0 | 55,0 62,100',
        '15,40 45,22 60,0 | 60,0 52,100',
        '25,25 50,0 | 50,0 50,100 | 20,100 80,98',
        '25,14 58,0 | 58,0 56,100',
        '20,10 42,8 58,0 | 58,0 58,100',
        '12,24 58,0 | 58,0 52,100',
    ),
    (
        '10,22 45,0 82,20 60,55 10,100 | 10,100 95,97',
        '10,20 50,0 85,25 50,75 15,98 12,85 35,80 60,95 95,93',
        '10,6 80,3 | 80,3 10,98 | 10,98 90,98',
    ),
    (
        '12,12 50,0 80,22 45,46 | 45,46 88,72 50,100 8,88',
        '10,3 85,3 | 85,3 45,42 | 45,42 88,70 50,100 8,88',
        '15,12 48,0 76,20 42,46 | 42,46 84,72 45,100 10,84',
    ),
    (
        '35,0 8,60 | 8,60 92,58 | 68,30 62,100',
        '45,0 5,72 | 5,72 92,68 | 70,42 62,100',
        '55,0 10,70 | 10,70 85,64 | 72,35 50,100',
        '50,0 15,75 | 15,75 85,70 | 75,45 55,100',
        '30,0 12,50 25,60 80,52 | 78,15 70,100',
        '20,0 15,45 35,55 78,48 | 82,0 75,100',
        '40,0 10,60 | 10,60 75,60 85,42 72,42 62,100',
        '70,0 5,65 | 5,65 95,65 | 70,0 70,100',
    ),
    (
        '85,3 30,3 | 30,3 22,44 | 22,44 60,36 88,66 55,100 10,92',
        '85,2 35,5 25,40 70,52 80,80 45,100 10,92',
        '72,2 30,0 | 30,0 25,44 | 25,44 65,42 84,72 52,100 12,94',
    ),
    (
        '75,2 35,28 12,65 40,100 82,80 72,55 40,54 16,72',
        '50,0 20,50 20,85 50,100 82,80 62,55 22,70',
        '62,0 15,60 20,88 50,100 82,85 80,55 50,42 15,60',
        '74,10 52,0 25,22 15,62 25,92 52,100 82,84 80,54 52,37 17,58',
    ),
    (
        '5,5 90,2 | 90,2 40,100',
        '5,5 90,2 | 90,2 40,100 | 30,52 82,48',
        '8,22 10,3 | 10,3 90,3 | 90,3 60,45 42,100 | 32,55 80,48',
        '12,20 14,3 | 14,3 88,3 | 88,3 55,50 42,100',
        '8,4 90,4 | 90,4 55,45 45,100',
    ),
    (
        '80,15 50,0 20,20 50,48 85,75 50,100 15,78 50,48 80,15',
        '50,0 22,22 50,46 78,22 50,0 | 50,46 15,75 50,100 85,75 50,46',
        '72,8 35,3 28,28 75,68 55,100 22,82 45,50 78,22 72,8',
    ),
    (
        '80,22 50,0 20,24 45,48 80,22 | 80,22 72,100',
        '80,22 50,0 20,24 45,46 80,22 | 80,22 82,60 68,92 40,100 12,86',
        '80,20 50,0 20,22 45,44 80,20 | 80,20 78,65 50,98 15,98',
        '75,18 42,0 18,20 40,42 75,18 | 75,18 80,58 58,88 30,94 8,76',
        '75,8 45,0 20,22 42,44 72,30 75,8 | 75,8 72,60 45,100',
        '85,40 50,58 20,45 18,15 50,0 80,12 85,40 38,100',
        '26,90 48,100 75,78 85,38 75,8 48,0 18,16 20,46 48,63 83,42',
    ),
)
PIECES = 4  # straight pieces between two points of a curved stroke
HEIGHT = 20  # pixels, as MNIST's digits have
THINNEST, THICKEST = 0.5, 2.1  # half of a stroke's width, pixels
HOLLOW = 0.06  # share of the digits of which only the outline is drawn
WIDEST = 3.0  # half of a hollow stroke's width, pixels, at most
WOBBLE = 5.0  # hundredths of the height, standard deviation of a point


def _compile(forms):
    """Turns forms into arrays of one shape, so that a batch can mix them.

    Args:
        forms: Strings as in `FORMS`.

    Returns:
        A tuple: the points, float32 `(forms, points, 2)`, and two matrices,
        float32 `(forms, pieces, points)`. Their products with the points are
        the starts and the ends of the straight pieces. Forms of fewer points
        have points without a piece. Forms of fewer pieces repeat their last.
    """
    parsed = []
    for form in forms:
        strokes = [stroke.split() for stroke in form.split('|')]
        names = list(dict.fromkeys(itertools.chain(*strokes)))
        points = [[float(value) for value in name.split(',')] for name in names]
        weights = np.eye(len(names))
        pieces = []
        for stroke in strokes:
            curve = _curve(weights[[names.index(name) for name in stroke]])
            pieces += itertools.pairwise(curve)
        parsed.append((points, pieces))
    num_points, num_pieces = (max(map(len, part)) for part in zip(*parsed))
    points = np.zeros((len(forms), num_points, 2), np.float32)
    ends = np.zeros((2, len(forms), num_pieces, num_points), np.float32)
    for i, (own, pieces) in enumerate(parsed):
        points[i, : len(own)] = own
        pieces += pieces[-1:] * (num_pieces - len(pieces))
        ends[:, i, :, : len(own)] = np.swapaxes(pieces, 0, 1)
    return points, *ends


def _curve(knots):
    """Samples a Catmull-Rom spline through knots `(n, d)`; two are a line."""
    if len(knots) == 2:
        return knots
    before, after = 2 * knots[0] - knots[1], 2 * knots[-1] - knots[-2]
    padded = [before, *knots, after]
    t = np.linspace(0, 1, PIECES, endpoint=False)[:, None]
    spans = [
        b
        + (c - a) / 2 * t
        + (a - 2.5 * b + 2 * c - d / 2) * t**2
        + (1.5 * (b - c) + (d - a) / 2) * t**3
        for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:])
    ]
    return np.concatenate([*spans, knots[-1:]])


_POINTS, _STARTS, _ENDS = _compile(list(itertools.chain(*FORMS)))
_DIGITS = np.repeat(np.arange(len(FORMS)), [len(forms) for forms in FORMS])


def draw(images: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws random digits, each in a form and with a pen of its own.

    Args:
        images: Tensor `(batch, height, width, channels)`. Only its shape
            counts.
        seed: Integer tensor `(2,)`. Equal seeds draw equally.

    Returns:
        float32 tensor of the shape of `images`, 0..255, light on dark; and the
        digits, int32 tensor `(batch,)`, 0-9.
    """
    draws_seed, wobble_seed = drawing.split(seed, 2)
    form, width, pen, hollow = drawing.draws(images, draws_seed, 4)
    radius = THICKEST + (WIDEST - THICKEST) * pen
    pen = THINNEST + (THICKEST - THINNEST) * pen
    form = tf.cast(form[:, 0, 0, 0] * len(_DIGITS), tf.int32)

    points = tf.gather(_POINTS, form) - 50.0
    points += WOBBLE * tf.random.stateless_normal(tf.shape(points), wobble_seed)
    points *= HEIGHT / 100
    points *= tf.concat([0.6 + 0.6 * width[:, 0], tf.ones_like(pen[:, 0])], -1)

    starts, ends = (
        tf.gather(matrices, form) @ points for matrices in (_STARTS, _ENDS)
    )
    y, x = (tf.reshape(axis, [-1]) for axis in drawing.grid(images))
    pixels = tf.stack([x, y, tf.ones_like(x)])
    distance = tf.reshape(
        _distance(pixels, starts, ends), [-1, *images.shape[1:3], 1]
    )
    # The outline is half as wide as the pen's stroke would be.
    rim = tf.abs(distance - radius) + pen / 2
    distance = tf.where(hollow < HOLLOW, rim, distance)
    cover = tf.clip_by_value(pen + 0.5 - distance, 0.0, 1.0)
    drawn = 255 * cover * tf.ones((1, 1, 1, images.shape[-1]))
    return drawn, tf.gather(tf.constant(_DIGITS, tf.int32), form)


def _distance(pixels, starts, ends):
    """Returns how far pixels are from the nearest of some straight pieces.

    Args:
        pixels: float32 tensor `(3, pixels)`: x, y and 1.
        starts: float32 tensor `(batch, pieces, 2)`, x and y.
        ends: float32 tensor `(batch, pieces, 2)`.

    Returns:
        float32 tensor `(batch, pixels)`, in pixels.
    """
    way_x, way_y = tf.unstack(ends - starts, axis=-1)
    angle, length = tf.atan2(way_y, way_x), tf.sqrt(way_x**2 + way_y**2)
    cos, sin = tf.cos(angle), tf.sin(angle)
    start_x, start_y = tf.unstack(starts, axis=-1)

    # How far a pixel lies before a piece, after it and beside it is linear in
    # the pixel's x and y. So products of matrices do most of the work.
    before = tf.stack([-cos, -sin, cos * start_x + sin * start_y], axis=-1)
    after = -before - tf.stack([0 * length, 0 * length, length], axis=-1)
    beside = tf.stack([-sin, cos, sin * start_x - cos * start_y], axis=-1)
    beyond = tf.nn.relu(tf.maximum(before @ pixels, after @ pixels))
    squared = beyond**2 + (beside @ pixels) ** 2
    return tf.sqrt(tf.reduce_min(squared, axis=1))
