"""How much ink there is in each pixel of a picture, in TensorFlow ops."""

import tensorflow as tf

from kerasadder.pictures import windows

# Shares of the picture's longer side.
PEN, MARKER = 0.14, 0.5  # wider than strokes of a pen, of a thick marker
AROUND_PEN, AROUND_MARKER = 0.16, 0.79  # in which there is more paper than ink
SAMPLED = 128  # pixels, the longer side at which colours are compared
NEAR = 0.25  # within which a digit's strokes are about as strong
FAINTEST = 8.0  # of 255: fainter is not ink
WEAKEST = 0.35  # of the strongest ink near: weaker is not a stroke


def window(share: float, picture: tf.Tensor) -> tf.Tensor:
    """Returns a window of so much of the picture's longer side, odd."""
    side = tf.cast(tf.reduce_max(tf.shape(picture)[:2]), tf.float32)
    return 2 * tf.cast(share * side / 2, tf.int32) + 1


def shrink(picture: tf.Tensor, side: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Averages a picture down until its longer side has `side` pixels.

    Args:
        picture: Tensor `(height, width, channels)`.
        side: Pixels.

    Returns:
        float32 tensor `(new_height, new_width, channels)`, and how much smaller
        it is, float32 `(2,)`.
    """
    size = tf.cast(tf.shape(picture)[:2], tf.float32)
    factor = tf.minimum(1.0, side / tf.reduce_max(size))
    new_size = tf.maximum(tf.cast(tf.round(factor * size), tf.int32), 1)
    small = tf.image.resize(picture[None], new_size, 'area')[0]
    return small, tf.cast(new_size, tf.float32) / size


def grey(picture: tf.Tensor) -> tf.Tensor:
    """Makes a picture one of grey values, laid on black or white paper.

    Args:
        picture: float tensor `(height, width, channels)`, 0..255.

    Returns:
        float tensor `(height, width)`, 0..255.
    """
    channels = tf.shape(picture)[-1]
    has_alpha = 1 - channels % 2  # two or four channels
    colour = picture[..., : channels - has_alpha]
    # An axis that some of the pixels tell is as good, and sooner told.
    step = 1 + tf.reduce_max(tf.shape(colour)[:2]) // SAMPLED
    value = tf.cond(
        tf.shape(colour)[-1] == 1,
        lambda: colour[..., 0],
        lambda: tf.squeeze(colour @ _colour_axis(colour[::step, ::step]), -1),
    )
    alpha = tf.where(has_alpha == 1, picture[..., -1] / 255, 1.0)
    # What is drawn on a transparent ground shows on the paper unlike it.
    drawn = tf.math.divide_no_nan(
        tf.reduce_sum(value * alpha), tf.reduce_sum(alpha)
    )
    paper = tf.where(drawn < 127.5, 255.0, 0.0)
    return alpha * value + (1 - alpha) * paper


def _colour_axis(colour):
    """Returns `(channels, 1)`: how colours differ from those near them most.

    This is the first principal component of the picture's fine detail, for
    ink may be as light as its paper and differ in hue only.
    """
    channels = tf.shape(colour)[-1]
    detail = colour - windows.mean(colour, window(AROUND_PEN, colour))
    detail = tf.reshape(detail / 255, [-1, channels])
    covariance = tf.matmul(detail, detail, transpose_a=True)
    axis = tf.ones([channels, 1])
    for _ in range(8):  # power iteration, from grey
        axis = covariance @ axis + 1e-6 * axis
        axis = axis / tf.reduce_sum(tf.abs(axis))
    return axis


def light_on_dark(value: tf.Tensor, share: float) -> tf.Tensor:
    """Returns the picture `(height, width)` with its ink lighter than paper.

    There is more paper than ink around a stroke, so that what differs from
    its surroundings is skewed to the side of the ink.

    Args:
        value: float tensor `(height, width)`, 0..255.
        share: How far surroundings reach, of the picture's longer side.
    """
    around = windows.mean(value[..., None], window(share, value))
    detail = value - around[..., 0]
    height, width = tf.unstack(tf.cast(tf.shape(value), tf.float32))
    y = tf.range(height)[:, None] / height - 0.5
    x = tf.range(width) / width - 0.5
    middle = tf.exp(-8 * (x * x + y * y))
    skewness = tf.reduce_sum(middle * detail**3)
    return tf.where(skewness < 0, 255 - value, value)


def over_paper(
    value: tf.Tensor, width: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Tells ink from paper.

    The paper is the picture's opening; what is left is its top hat (Meyer,
    1979). Shadows and patches that are wider than the window go with the
    paper, and so do their edges.

    Args:
        value: float tensor `(n, height, width)`, ink lighter than paper.
        width: int32 tensor `()`, odd: a window wider than strokes.

    Returns:
        How much lighter than its paper each pixel is, and how light the paper
        is there: tensors of the same shape, 0..255.
    """
    paper = windows.opening(value, width)
    ink = value - paper
    return without_grain(ink), paper


def without_grain(ink: tf.Tensor) -> tf.Tensor:
    """Cuts off the paper's grain, told by the quarter with the least ink.

    Of normal noise, all but the uppermost thousandth goes.

    Args:
        ink: float tensor `(n, height, width)`.
    """
    # A sample will do: to sort a large picture takes longer than all else.
    sample = tf.reshape(ink[:, ::3, ::3], [tf.shape(ink)[0], -1])
    ordered = tf.sort(sample, axis=1)[:, None, None]
    paper, least = quantile(ordered, 0.25), quantile(ordered, 0.05)
    return tf.nn.relu(ink - paper - 4 * (paper - least))


def quantile(ordered: tf.Tensor, share: float) -> tf.Tensor:
    """Returns the value below which that share of the last axis lies."""
    last = tf.cast(tf.shape(ordered)[-1] - 1, tf.float32)
    return tf.gather(
        ordered, tf.cast(tf.round(share * last), tf.int32), axis=-1
    )


def is_stroke(ink: tf.Tensor) -> tf.Tensor:
    """Tells where ink is about as strong as the strongest near it.

    So do Su, Lu and Tan (2010) with old documents: beside the stroke of a pen
    a crease of the paper is nothing, far from it it may be something.

    Args:
        ink: float tensor `(n, height, width)`, 0..255.

    Returns:
        bool tensor of the same shape.
    """
    strongest = windows.slide_max(ink, window(NEAR, ink[0]))
    return ink >= tf.maximum(WEAKEST * strongest, FAINTEST)
