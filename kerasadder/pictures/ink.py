"""Separates ink from paper in a picture, in TensorFlow ops.

Ink is what a digit is written with, and paper is what it is written on. Either
may be the lighter one, and either may have any colour.
"""

import tensorflow as tf

from kerasadder.pictures import windows

# Widths of windows, as shares of the picture's longer side.
PEN, MARKER = 0.14, 0.5  # wider than strokes of a pen, of a thick marker
AROUND_PEN, AROUND_MARKER = 0.16, 0.79  # with more paper than ink
SAMPLED = 64  # pixels of the longer side, at most, that statistics look at
NEAR = 0.25  # a share too: within it a digit's strokes are about as strong
FAINTEST = 8.0  # of 255; what is fainter is not ink
WEAKEST = 0.35  # of the strongest ink near; what is weaker is not a stroke


def window(share: float, picture: tf.Tensor) -> tf.Tensor:
    """Returns the width of a window in pixels, odd, an int32 tensor `()`.

    Args:
        share: The width as a share of the picture's longer side.
        picture: Tensor whose first axes are height and width.
    """
    side = tf.cast(tf.reduce_max(tf.shape(picture)[:2]), tf.float32)
    return 2 * tf.cast(share * side / 2, tf.int32) + 1


def shrink(picture: tf.Tensor, side: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Shrinks a picture by averaging, to a longer side of `side` pixels.

    A smaller picture keeps its size.

    Args:
        picture: Tensor `(height, width, channels)`.
        side: Pixels.

    Returns:
        float32 tensor `(new_height, new_width, channels)`; and the new height
        and width as shares of the old ones, float32 `(2,)`.
    """
    size = tf.cast(tf.shape(picture)[:2], tf.float32)
    factor = tf.minimum(1.0, side / tf.reduce_max(size))
    new_size = tf.maximum(tf.cast(tf.round(factor * size), tf.int32), 1)
    small = tf.image.resize(picture[None], new_size, 'area')[0]
    return small, tf.cast(new_size, tf.float32) / size


def grey(picture: tf.Tensor) -> tf.Tensor:
    """Turns a picture to grey values.

    A picture in colour is projected on the axis along which nearby colours
    differ most. A transparent picture is laid on black or white paper.

    Args:
        picture: float tensor `(height, width, channels)`, 0..255.

    Returns:
        float tensor `(height, width)`, 0..255.
    """
    channels = tf.shape(picture)[-1]
    has_alpha = 1 - channels % 2  # two or four channels
    colour = picture[..., : channels - has_alpha]
    value = tf.cond(
        tf.shape(colour)[-1] == 1,
        lambda: colour[..., 0],
        lambda: tf.squeeze(colour @ _colour_axis(colour), -1),
    )
    alpha = tf.where(has_alpha == 1, picture[..., -1] / 255, 1.0)
    # A drawing on a transparent ground needs paper of the other lightness.
    drawn = tf.math.divide_no_nan(
        tf.reduce_sum(value * alpha), tf.reduce_sum(alpha)
    )
    paper = tf.where(drawn < 127.5, 255.0, 0.0)
    return alpha * value + (1 - alpha) * paper


def _step(picture):
    """Returns the distance of the pixels that statistics look at, int32 `()`.

    Every pixel would give about the same answer, but later.
    """
    return 1 + (tf.reduce_max(tf.shape(picture)[:2]) - 1) // SAMPLED


def _colour_axis(colour):
    """Returns the axis along which nearby colours differ most, `(channels, 1)`.

    The axis is the first principal component of the picture's fine detail.
    Lightness would not do, because ink may differ from paper in hue only.
    """
    channels, step = tf.shape(colour)[-1], _step(colour)
    colour = colour[::step, ::step]
    detail = colour - windows.mean(colour, window(AROUND_PEN, colour))
    detail = tf.reshape(detail / 255, [-1, channels])
    covariance = tf.matmul(detail, detail, transpose_a=True)
    power = covariance + 1e-6 * tf.one_hot(tf.range(channels), channels)
    for _ in range(3):  # power iteration, from grey, in doubling steps
        power = power @ power
        power /= tf.reduce_max(power)
    axis = tf.reduce_sum(power, axis=1, keepdims=True)
    return axis / tf.reduce_sum(tf.abs(axis))


def light_on_dark(value: tf.Tensor, share: float) -> tf.Tensor:
    """Inverts a grey picture if its ink is darker than its paper.

    A stroke has more paper than ink around it. So the differences between
    pixels and their surroundings are skewed towards the ink. Pixels in the
    middle of the picture count more.

    Args:
        value: float tensor `(height, width)`, 0..255.
        share: The width of the surroundings, as a share of the picture's longer
            side.

    Returns:
        float tensor `(height, width)`, 0..255.
    """
    step = _step(value)
    sample = value[::step, ::step]
    around = windows.mean(sample[..., None], window(share, sample))
    detail = sample - around[..., 0]
    height, width = tf.unstack(tf.cast(tf.shape(detail), tf.float32), 2)
    y = tf.range(height)[:, None] / height - 0.5
    x = tf.range(width) / width - 0.5
    middle = tf.exp(-8 * (x * x + y * y))
    skewness = tf.reduce_sum(middle * detail**3)
    return tf.where(skewness < 0, 255 - value, value)


def over_paper(
    value: tf.Tensor, width: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Separates ink from paper.

    The paper is the picture's morphological opening. The ink is the rest, which
    is the top hat (Meyer, 1979). Shadows and patches that are wider than the
    window belong to the paper, and so do their edges.

    Args:
        value: float tensor `(n, height, width)`, ink lighter than paper.
        width: int32 tensor `()`, odd: a window wider than strokes.

    Returns:
        Two float tensors of the same shape, 0..255: how much lighter than its
        paper each pixel is, and how light the paper is there.
    """
    paper = windows.opening(value, width)
    ink = value - paper
    return without_grain(ink), paper


def without_grain(ink: tf.Tensor) -> tf.Tensor:
    """Removes the paper's grain from ink.

    The quarter of the pixels with the least ink tells how strong the grain is.
    If the grain is normal noise, less than a thousandth of its pixels stays.

    Args:
        ink: float tensor `(n, height, width)`.

    Returns:
        float tensor of the same shape, 0 where there was only grain.
    """
    # Sorting all pixels would take longer than the rest.
    step = _step(ink[0])
    sample = tf.reshape(ink[:, ::step, ::step], [tf.shape(ink)[0], -1])
    ordered = tf.sort(sample, axis=1)[:, None, None]
    paper, least = quantile(ordered, 0.25), quantile(ordered, 0.05)
    return tf.nn.relu(ink - paper - 4 * (paper - least))


def quantile(ordered: tf.Tensor, share: float) -> tf.Tensor:
    """Returns the value below which `share` of the last axis lies.

    Args:
        ordered: Tensor that is sorted along its last axis.
        share: 0..1.

    Returns:
        A tensor without the last axis.
    """
    last = tf.cast(tf.shape(ordered)[-1] - 1, tf.float32)
    return tf.gather(
        ordered, tf.cast(tf.round(share * last), tf.int32), axis=-1
    )


def is_stroke(ink: tf.Tensor) -> tf.Tensor:
    """Returns where ink is about as strong as the strongest ink near it.

    Su, Lu and Tan (2010) do the same with old documents. Beside a pen's stroke,
    a crease of the paper does not count as a stroke. Far from it, it may.

    Args:
        ink: float tensor `(n, height, width)`, 0..255.

    Returns:
        bool tensor of the same shape.
    """
    strongest = windows.slide_max(ink, window(NEAR, ink[0]))
    return ink >= tf.maximum(WEAKEST * strongest, FAINTEST)
