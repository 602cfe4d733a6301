"""Any picture of a digit made an image like MNIST's, in TensorFlow ops.

This is MNIST's own normalisation (LeCun et al., 1998): the digit, light on
dark, fits a box of 20x20 pixels with its aspect kept, and its centre of mass
is the centre of the 28x28 image. What comes before is finding the ink.
"""

import numpy as np
import tensorflow as tf

from kerasadder.pictures.decode import decode_picture
from kerasadder.pictures.decode import require
from kerasadder.task import IMAGE_SHAPE

SIDE = IMAGE_SHAPE[0]
BOX = 20.0  # pixels, the longer side of the digit's box
FIRST_LOOK, SECOND_LOOK = 512, 224  # pixels, the longer side to find ink at
PAPER = 64  # pixels, the side at which the paper's shading is estimated
WINDOW = 33  # pixels of these: wider than any stroke
MIN_CONTRAST = 20.0  # of 255, between ink and paper
INK = 0.2  # of full ink; fainter is not counted to the box
DUST = 0.002  # of all ink, on each side of the box


@tf.function(input_signature=[tf.TensorSpec((None,), tf.string)])
def normalize_pictures(encoded: tf.Tensor) -> tf.Tensor:
    """Makes MNIST-like images of encoded pictures.

    Args:
        encoded: String tensor `(n,)`, each a PNG, JPEG, GIF (its first frame)
            or BMP: grey or colour, with transparency or without, light on
            dark or dark on light, of at most `decode.MAX_PIXELS`.

    Returns:
        float32 tensor `(n, 28, 28, 1)`, 0..255.

    Raises:
        InvalidArgumentError: When run, if one is no picture, has too many
            pixels or shows no ink; the message says which and why.
    """

    def normalize(inputs):
        index, encoded = inputs
        name = tf.strings.format('image[{}]', index)
        return _normalize(name, decode_picture(encoded, name))

    return tf.map_fn(
        normalize,
        (tf.range(tf.size(encoded)), encoded),
        fn_output_signature=tf.TensorSpec(IMAGE_SHAPE),
        parallel_iterations=4,  # each takes memory
    )


def _normalize(name, picture):
    """Returns the picture `(height, width, channels)` as `(28, 28, 1)`."""
    # First where the ink is, then from near by what it looks like.
    look, scale = _shrink(picture, FIRST_LOOK)
    ink, found = _ink(_grey(look))
    with tf.control_dependencies(
        [require(found, name, 'shows no ink: it is blank')]
    ):
        top, left, bottom, right = tf.unstack(_box(ink))
    margin = tf.maximum(bottom - top, right - left) / 2 + 1
    size = tf.cast(tf.shape(picture)[:2], tf.float32)
    begin = tf.maximum(tf.stack([top, left]) - margin, 0) / scale
    end = tf.minimum((tf.stack([bottom, right]) + margin) / scale, size)
    begin, end = tf.cast(begin, tf.int32), tf.cast(tf.math.ceil(end), tf.int32)
    near = picture[begin[0] : end[0], begin[1] : end[1]]
    ink, _ = _ink(_grey(_shrink(near, SECOND_LOOK)[0]))
    return 255 * _place(ink)


def _shrink(picture, side):
    """Averages the picture down until its longer side has `side` pixels."""
    size = tf.cast(tf.shape(picture)[:2], tf.float32)
    factor = tf.minimum(1.0, side / tf.reduce_max(size))
    new_size = tf.maximum(tf.cast(tf.round(factor * size), tf.int32), 1)
    small = tf.image.resize(picture[None], new_size, 'area')[0]
    return small, tf.cast(new_size, tf.float32) / size


def _grey(picture):
    """Returns `(height, width)` of 0..255, laid on black or white paper."""
    channels = tf.shape(picture)[-1]
    has_alpha = 1 - channels % 2  # two or four channels
    grey = tf.reduce_mean(picture[..., : channels - has_alpha], axis=-1)
    alpha = tf.where(has_alpha == 1, picture[..., -1] / 255, 1.0)
    # What is drawn on a transparent ground shows on the paper unlike it.
    drawn = tf.math.divide_no_nan(
        tf.reduce_sum(grey * alpha), tf.reduce_sum(alpha)
    )
    paper = tf.where(drawn < 127.5, 255.0, 0.0)
    return alpha * grey + (1 - alpha) * paper


def _ink(grey):
    """Returns how much ink there is in each pixel, 0..1, and if any at all."""
    border = tf.concat([grey[0], grey[-1], grey[:, 0], grey[:, -1]], axis=0)
    middle = (tf.reduce_min(grey) + tf.reduce_max(grey)) / 2
    light_paper = _quantile(tf.sort(border), 0.5) > middle
    ink = tf.where(light_paper, 255 - grey, grey)
    ink = tf.nn.relu(ink - _shading(ink))
    # The paper's grain, told by the quarter with the least ink, is cut off: of
    # normal noise all but the uppermost thousandth.
    ordered = tf.sort(tf.reshape(ink, [-1]))
    paper, least = _quantile(ordered, 0.25), _quantile(ordered, 0.05)
    ink = tf.nn.relu(ink - paper - 4 * (paper - least))
    full = _full_ink(ink)
    return tf.minimum(ink / tf.maximum(full, 1e-3), 1.0), full > MIN_CONTRAST


def _shading(grey):
    """Returns how light the paper is everywhere, `(height, width)`.

    That is the opening of the picture: the lightest surface under it on which
    a square wider than any stroke can slide. Near the border, where the square
    has no room, a paraboloid through the middle takes over.
    """
    small = tf.image.resize(grey[None, :, :, None], (PAPER, PAPER), 'area')
    for sign in (-1.0, 1.0):
        for window in ((WINDOW, 1), (1, WINDOW)):
            small = sign * tf.nn.max_pool2d(sign * small, window, 1, 'SAME')
    y, x = np.mgrid[-1 : 1 : PAPER * 1j, -1 : 1 : PAPER * 1j]
    terms = np.stack([y**0, y, x, y * y, x * y, x * x], axis=-1)
    room = slice(WINDOW // 2, -(WINDOW // 2))
    fit = np.linalg.pinv(terms[room, room].reshape(-1, 6)).astype(np.float32)
    parabola = fit @ tf.reshape(small[0, room, room], [-1, 1])
    surface = tf.constant(terms, tf.float32) @ parabola
    small = tf.maximum(small, surface[None])
    return tf.image.resize(small, tf.shape(grey))[0, :, :, 0]


def _full_ink(ink):
    """Returns the ink of a pixel that is all ink."""
    pixels = tf.boolean_mask(ink, ink >= tf.reduce_max(ink) / 2)
    return _quantile(tf.sort(pixels), 0.9)


def _quantile(ordered, share):
    last = tf.cast(tf.size(ordered) - 1, tf.float32)
    return ordered[tf.cast(tf.round(share * last), tf.int32)]


def _box(ink):
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


def _place(ink):
    """Returns `(28, 28, 1)`: the box scaled to 20, its mass in the middle."""
    top, left, bottom, right = tf.unstack(_box(ink))
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
    return tf.clip_by_value(image / tf.maximum(_full_ink(image), 1e-3), 0, 1)
