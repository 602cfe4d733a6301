"""Scores how likely each thing in a picture is the digit, in TensorFlow ops.

A thing is a connected component of ink.
"""

import typing

import tensorflow as tf

from kerasadder.pictures import components

LINE = 0.13  # breadth to length; a line has less
MOST = 12  # the likeliest things, which are compared to find frames


class Things(typing.NamedTuple):
    """What n things look like: float tensors `(n,)`, lengths in cells."""

    plane: tf.Tensor  # the index of the mask it was found in
    top: tf.Tensor
    left: tf.Tensor
    bottom: tf.Tensor
    right: tf.Tensor
    area: tf.Tensor
    ink: tf.Tensor  # the mean, 0..255
    strongest: tf.Tensor
    edges: tf.Tensor  # the sum of squared gradients
    at_border: tf.Tensor  # how many of its cells lie there
    elongation: tf.Tensor  # breadth to length, by second moments
    upright: tf.Tensor  # 1 if it is higher than wide
    cut: tf.Tensor  # the share of its cells beside a step of the paper
    in_middle: tf.Tensor  # how many cells in the middle half of its box

    @property
    def height(self):
        return self.bottom - self.top

    @property
    def width(self):
        return self.right - self.left

    @property
    def size(self):
        return tf.maximum(self.height, self.width)


def measure(
    ink: tf.Tensor, edges: tf.Tensor, rise: tf.Tensor
) -> tuple[Things, tf.Tensor, tf.Tensor]:
    """Finds the connected components of ink and measures them.

    Args:
        ink: float tensor `(planes, height, width)`, 0..255, 0 on paper.
        edges: float tensor of the same shape, squared gradients.
        rise: float tensor of the same shape, how high the steps in the
            lightness of the paper are around each cell.

    Returns:
        `Things`. int64 tensor `(cells, 3)`: plane, row and column of each cell
        with ink. int32 tensor `(cells,)`: the thing that each cell belongs to.
    """
    where, part = components.label(ink > 0)
    where = tf.ensure_shape(where, (None, 3))
    part = tf.ensure_shape(part, (None,))
    count = tf.reduce_max(tf.concat([part, [-1]], axis=0)) + 1
    plane, y, x = tf.unstack(tf.cast(where, tf.float32), axis=1)
    height, width = tf.unstack(tf.cast(tf.shape(ink)[1:], tf.float32))

    def total(values):
        return tf.math.unsorted_segment_sum(values, part, count)

    def largest(values):
        return tf.math.unsorted_segment_max(values, part, count)

    here = tf.gather_nd(ink, where)
    area = total(tf.ones_like(here))
    mean_ink = total(here) / area
    is_cut = tf.gather_nd(rise, where) > tf.gather(mean_ink, part) / 2
    at_border = (y < 1) | (x < 1) | (y > height - 2) | (x > width - 2)
    top, left = -largest(-y), -largest(-x)
    bottom, right = largest(y) + 1, largest(x) + 1

    def is_middle(values, begin, end):
        centre, length = (begin + end - 1) / 2, end - begin
        away = tf.abs(values - tf.gather(centre, part))
        return away < tf.gather(length, part) / 4

    in_middle = is_middle(y, top, bottom) & is_middle(x, left, right)
    mean_y, mean_x = total(y) / area, total(x) / area
    yy = total(y * y) / area - mean_y**2
    xx = total(x * x) / area - mean_x**2
    yx = total(y * x) / area - mean_y * mean_x
    spread = tf.sqrt((yy - xx) ** 2 / 4 + yx**2)
    middle = (yy + xx) / 2 + 0.1  # a cell is not a point
    things = Things(
        plane=largest(plane),
        top=top,
        left=left,
        bottom=bottom,
        right=right,
        area=area,
        ink=mean_ink,
        strongest=largest(here),
        edges=total(tf.gather_nd(edges, where)),
        at_border=total(tf.cast(at_border, tf.float32)),
        elongation=tf.sqrt(tf.nn.relu(middle - spread) / (middle + spread)),
        upright=tf.cast(yy > xx, tf.float32),
        cut=total(tf.cast(is_cut, tf.float32)) / area,
        in_middle=total(tf.cast(in_middle, tf.float32)),
    )
    return things, where, part


def likeliness(
    things: Things,
    height: tf.Tensor,
    width: tf.Tensor,
    preference: tf.Tensor,
) -> tf.Tensor:
    """Scores how likely each thing is the digit, float `(n,)`.

    A long and sharp outline raises the score. The score is lower for a thing

    - at the border, or far from the middle,
    - that is a line, a patch, or a frame around another thing,
    - with uneven ink,
    - that is a fragment: its stroke was wider than the window for the paper.

    Args:
        things: n `Things`.
        height: float tensor `()`, of the planes, in cells.
        width: float tensor `()`, of the planes, in cells.
        preference: float tensor `(planes,)`, a factor for each plane.
    """
    y = (things.top + things.bottom) / height - 1
    x = (things.left + things.right) / width - 1
    shorter = tf.minimum(things.height, things.width)
    is_line = things.elongation < LINE
    fill = things.area / (things.height * things.width)
    is_patch = (fill > 0.72) & (shorter > 0.35 * things.size)
    at_border = things.at_border / things.size
    score = (
        tf.sqrt(things.edges)
        / (1 + 6 * at_border**2)
        / (1 + y * y + x * x)
        # An upright line may be a 1.
        * tf.where(is_line, tf.where(things.upright > 0, 0.5, 0.2), 1.0)
        * tf.where(is_patch, 0.35, 1.0)
        * (1 - things.cut) ** 3
        * tf.minimum(1.0, things.ink / (0.6 * things.strongest))
        * tf.gather(preference, tf.cast(things.plane, tf.int32))
    )
    return tf.where(_is_frame(things, score), 0.1, 1.0) * score


def _is_frame(things, score):
    """Returns which things are frames: empty in the middle, around another."""
    best = tf.math.top_k(score, tf.minimum(MOST, tf.size(score))).indices
    inner = Things(*(tf.gather(values, best) for values in things))
    outer = Things(*(values[:, None] for values in inner))
    contains = (
        (outer.plane == inner.plane)
        & (outer.top < inner.top)
        & (outer.left < inner.left)
        & (outer.bottom > inner.bottom)
        & (outer.right > inner.right)
        & (inner.height > 0.3 * outer.height)
        & (tf.gather(score, best) > 0.2 * tf.gather(score, best)[:, None])
    )
    is_frame = tf.reduce_any(contains, axis=1) & (inner.in_middle == 0)
    return tf.tensor_scatter_nd_update(
        tf.zeros_like(score, tf.bool), best[:, None], is_frame
    )
