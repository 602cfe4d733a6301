"""Finds the digit among the things in a picture, in TensorFlow ops.

The search looks at three planes of ink, one for each assumption about the pen
(`PREFERENCE`). Of the things on all planes, the likeliest one is the digit,
together with the parts near it.
"""

import tensorflow as tf

from kerasadder.pictures import ink as inks
from kerasadder.pictures import placing
from kerasadder.pictures import things as things_
from kerasadder.pictures import windows
from kerasadder.pictures.subgraph import subgraph
from kerasadder.task import IMAGE_SHAPE

MOST = 1024  # pixels of the longer side; larger pictures are shrunk first
LOOK, LEAST_LOOK = 192, 96  # pixels of the longer side, at most and at least
CELL = 2  # pixels: things are made of square cells with this side
BESIDE = 4  # cells on each side, in which the paper's lightness is compared
# Shares of the digit's size. Parts within `REACH` belong to the digit. So do
# parts larger than `LARGE` within `FAR_REACH`: halves of a broken digit.
REACH = 0.12
FAR_REACH, LARGE = 0.2, 0.4
MOST_JOINS = 3  # rounds of joining parts to the digit
# Factors for the scores of things on each plane. The planes hold the strokes of
# a pen, of a pen with ink and paper swapped, and of a thick marker.
PREFERENCE = (1.0, 0.3, 0.9)


@subgraph(tf.TensorSpec((None, None, None), tf.uint8))
def read(picture: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Finds the digit in a picture and places it as MNIST does.

    Args:
        picture: uint8 tensor `(height, width, channels)`.

    Returns:
        float32 tensor `(28, 28, 1)`, 0..255; the strength of the strongest ink,
        float32 `()`, 0..255; and whether the digit lies off the border, bool
        `()`. They are 0 and False if the picture shows no ink.
    """
    picture, _ = inks.shrink(picture, MOST)
    look, scale = _resize(picture)
    ink, strength = find(inks.grey(look))

    def place():
        rows, columns = placing.around(ink, scale, tf.shape(picture))
        top, left, bottom, right = tf.unstack(placing.box(ink))
        height, width = tf.unstack(tf.cast(tf.shape(ink), tf.float32))
        is_off = (top > 0) & (left > 0) & (bottom < height) & (right < width)

        def nearer():
            near, _ = _resize(picture[rows, columns])
            return find(inks.grey(near))[0]

        longer = tf.maximum(bottom - top, right - left)
        seen = tf.cond(longer < LOOK / 3, nearer, lambda: ink)
        full = tf.maximum(placing.full_ink(seen), 1e-3)
        return 255 * placing.place(tf.minimum(seen / full, 1.0)), is_off

    image, is_off = tf.cond(
        strength > 0,
        place,
        lambda: (tf.zeros(IMAGE_SHAPE, tf.float32), False),
    )
    return tf.ensure_shape(image, IMAGE_SHAPE), strength, is_off


def _resize(picture):
    """Brings the longer side of a picture to 96 to 192 pixels.

    Returns:
        The resized picture; and its new height and width as shares of the old
        ones, float32 `(2,)`.
    """
    size = tf.cast(tf.shape(picture)[:2], tf.float32)
    longer = tf.reduce_max(size)
    factor = tf.clip_by_value(longer, LEAST_LOOK, LOOK) / longer
    new_size = tf.maximum(tf.cast(tf.round(factor * size), tf.int32), 1)
    look = tf.cond(
        factor < 1,
        lambda: tf.image.resize(picture, new_size, 'area'),
        lambda: tf.image.resize(picture, new_size, 'bilinear'),
    )
    return look, tf.cast(new_size, tf.float32) / size


@subgraph(tf.TensorSpec((None, None)))
def find(value: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Finds the ink of the digit in a grey picture.

    Args:
        value: float tensor `(height, width)`, 0..255.

    Returns:
        float tensor `(height, width)`, the digit's ink, 0 elsewhere; and the
        strength of the strongest ink, a float tensor `()`, 0..255. Both are 0
        if the picture shows no ink.
    """
    value = tf.ensure_shape(value, (None, None))
    pen = inks.light_on_dark(value, inks.AROUND_PEN)
    pens = inks.over_paper(
        tf.stack([pen, 255 - pen]), inks.window(inks.PEN, value)
    )
    marker = inks.light_on_dark(value, inks.AROUND_MARKER)
    marker = inks.over_paper(marker[None], inks.window(inks.MARKER, value))
    ink, paper = (tf.concat(planes, axis=0) for planes in zip(pens, marker))
    coarse = _pool(tf.nn.max_pool2d, ink)
    coarse = tf.where(inks.is_stroke(coarse), coarse, 0.0)
    paper = _pool(tf.nn.avg_pool2d, paper)
    rise = _rise(paper)
    edges = _pool(tf.nn.avg_pool2d, _squared_gradient(value)[None])
    edges = tf.repeat(edges, len(PREFERENCE), axis=0)
    things, where, part = things_.measure(coarse, edges, rise)
    strongest = tf.reduce_max(tf.concat([things.strongest, [0.0]], axis=0))
    ink = tf.cond(
        strongest > 0,
        lambda: _choose(ink, coarse, things, where, part),
        lambda: tf.zeros_like(value),
    )
    return ink, strongest


def _choose(ink, coarse, things, where, part):
    """Returns the ink of the likeliest thing and its parts, 0 elsewhere."""
    height, width = tf.unstack(tf.cast(tf.shape(coarse)[1:], tf.float32))
    score = things_.likeliness(things, height, width, tf.constant(PREFERENCE))
    main = tf.argmax(score, output_type=tf.int32)
    mask = _with_parts(main, things, where, part, tf.shape(coarse)[1:])
    plane = tf.cast(things.plane[main], tf.int32)
    mask = tf.repeat(tf.repeat(mask, CELL, axis=0), CELL, axis=1)
    # The digit includes the soft edges of its strokes.
    mask = windows.slide_max(mask[None], tf.constant(3))[0]
    size = tf.shape(ink)[1:]
    return ink[plane] * mask[: size[0], : size[1]]


def _with_parts(main, things, where, part, shape):
    """Returns a mask of cells: 1 for the main thing and its parts, else 0."""
    # A long line beside a digit is not one of its strokes.
    is_line = things.elongation < things_.LINE
    longest = tf.where(is_line & ~is_line[main], 0.8, 1.1)
    may_belong = (
        (things.plane == things.plane[main])
        & (things.ink > 0.5 * things.ink[main])
        & (things.at_border == 0)
        & (things.size < longest * things.size[main])
        & (things.area > 0.01 * things.area[main])
    )
    is_large = things.size > LARGE * things.size[main]
    shape = tf.cast(shape, tf.int64)

    def mask_of(cells):
        cells = tf.cast(cells, tf.float32)
        return tf.minimum(tf.scatter_nd(where[:, 1:], cells, shape), 1)

    def join(ours, _):
        mask = mask_of(ours)
        size = _longer_side(tf.boolean_mask(where[:, 1:], ours))
        joined = ours
        for share, fits in (
            (REACH, may_belong),
            (FAR_REACH, may_belong & is_large),
        ):
            reach = tf.cast(share * size, tf.int32)
            near = windows.slide_max(mask[None], 2 * reach + 1)[0]
            touched = tf.math.unsorted_segment_max(
                tf.gather_nd(near, where[:, 1:]), part, tf.size(things.size)
            )
            joined |= tf.gather((touched > 0) & fits, part)
        return joined, tf.reduce_any(joined != ours)

    # Each part that joins may bring others within reach.
    ours, _ = tf.while_loop(
        lambda _, has_grown: has_grown,
        join,
        (tf.ensure_shape(part == main, (None,)), True),
        maximum_iterations=MOST_JOINS,
    )
    return mask_of(ours)


def _longer_side(cells):
    """Returns the longer side of the box around cells `(n, 2)`, a float."""
    sides = tf.reduce_max(cells, axis=0) - tf.reduce_min(cells, axis=0) + 1
    return tf.cast(tf.reduce_max(sides), tf.float32)


def _pool(function, values):
    """Pools `(n, height, width)` to one value for each cell."""
    return function(values[..., None], CELL, CELL, 'SAME')[..., 0]


def _rise(paper):
    """Returns how high the steps in the lightness of the paper are nearby.

    A slope is no step: the lightness there is the mean of its surroundings.
    """
    channels_last = tf.transpose(paper, [1, 2, 0])
    around = windows.mean(channels_last, tf.constant(2 * BESIDE + 1))
    step = 2 * tf.abs(channels_last - around)
    return windows.slide_max(
        tf.transpose(step, [2, 0, 1]), tf.constant(BESIDE + 1)
    )


def _squared_gradient(value):
    padded = tf.pad(value, [[1, 1], [1, 1]], 'SYMMETRIC')
    down = padded[2:, 1:-1] - padded[:-2, 1:-1]
    right = padded[1:-1, 2:] - padded[1:-1, :-2]
    return (down**2 + right**2) / 4
