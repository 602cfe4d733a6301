"""Reads a picture by taking all ink as the digit, in TensorFlow ops."""

import numpy as np
import tensorflow as tf

from kerasadder.pictures import ink as inks
from kerasadder.pictures import placing
from kerasadder.pictures.subgraph import subgraph
from kerasadder.task import IMAGE_SHAPE

FIRST_LOOK, SECOND_LOOK = 320, 224  # pixels of the longer side
PAPER = 32  # pixels, the side at which the paper's shading is estimated
WINDOW = 17  # of these pixels; wider than any stroke


@subgraph(tf.TensorSpec((None, None, None), tf.uint8))
def read(picture: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Places all ink of a picture as MNIST does.

    Args:
        picture: uint8 tensor `(height, width, channels)`.

    Returns:
        float32 tensor `(28, 28, 1)`, 0..255; the strength of full ink, float32
        `()`, 0..255; and the mean ink along the picture's side that has the
        most, float32 `()`, 0..1. All are 0 if the picture shows no ink.
    """
    # The first look finds the ink, the second one sees it from nearby.
    look, scale = inks.shrink(picture, FIRST_LOOK)
    ink, strength = _ink(inks.grey(look))

    def place():
        near = picture[placing.around(ink, scale, tf.shape(picture))]
        seen, _ = _ink(inks.grey(inks.shrink(near, SECOND_LOOK)[0]))
        return 255 * placing.place(seen)

    image = _if_drawn(strength, place)
    side = tf.reduce_max([tf.reduce_mean(pixels) for pixels in _sides(ink)])
    return image, strength, side


def read_small(grey: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Places all ink of a small picture, which needs no look from nearby.

    Args:
        grey: float tensor `(height, width)`, 0..255.

    Returns:
        The first two tensors that `read` returns.
    """
    ink, strength = _ink(grey)
    return _if_drawn(strength, lambda: 255 * placing.place(ink)), strength


def _if_drawn(strength, place):
    """Returns what `place` does, or an empty image if there is no ink."""
    image = tf.cond(strength > 0, place, lambda: tf.zeros(IMAGE_SHAPE))
    return tf.ensure_shape(image, IMAGE_SHAPE)


@subgraph(tf.TensorSpec((None, None)))
def _ink(grey):
    """Returns each pixel's ink, 0..1, and the strength of full ink, 0..255."""
    border = tf.concat(_sides(grey), axis=0)
    middle = (tf.reduce_min(grey) + tf.reduce_max(grey)) / 2
    light_paper = inks.quantile(tf.sort(border), 0.5) > middle
    ink = tf.where(light_paper, 255 - grey, grey)
    ink = tf.nn.relu(ink - _shading(ink))
    ink = inks.without_grain(ink[None])[0]
    full = placing.full_ink(ink)
    return tf.minimum(ink / tf.maximum(full, 1e-3), 1.0), full


def _sides(values):
    """Returns the pixels along each side of `(height, width)`."""
    return [values[0], values[-1], values[:, 0], values[:, -1]]


def _shading(grey):
    """Returns how light the paper is everywhere, `(height, width)`.

    The paper is the picture's opening by a square that is wider than any stroke
    (`windows.opening`). Near the border, where the square has no room, a
    paraboloid that fits the middle takes over.
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
