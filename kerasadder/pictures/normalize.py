"""Turns any picture of a digit into two images like MNIST's, its readings.

Each picture is read in two ways, because neither way suits all pictures. A
tight crop has no paper around the digit, and a photograph shows more than the
digit. The network answers for both readings, and its surer answer counts more.
The code is TensorFlow ops, so that it is a part of the SavedModel.
"""

import functools
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from kerasadder.pictures import finding
from kerasadder.pictures import ink as inks
from kerasadder.pictures import whole
from kerasadder.pictures.decode import decode_picture
from kerasadder.pictures.limits import require
from kerasadder.pictures.placing import BOX
from kerasadder.task import IMAGE_SHAPE

READINGS = 2  # of each picture
MIN_CONTRAST = 20.0  # of 255, between ink and paper
UNSURE = 1.0  # skewness, as of a black and white picture with 28 % ink
COVERED = 0.7  # mean ink along a side of a picture that shows a table's edge
SMALL = 64  # pixels of the longer side: too few to tell things apart


# No Python here branches on a tensor. AutoGraph would look for such branches in
# vain, and that would take most of an export's time.
@tf.function(input_signature=[tf.TensorSpec((None,), tf.string)])
@tf.autograph.experimental.do_not_convert
def normalize_pictures(encoded: tf.Tensor) -> tf.Tensor:
    """Turns encoded pictures into MNIST-like images, two readings of each.

    The first reading takes all ink as the digit. The second reading finds the
    digit among the things in the picture. If the picture is too small for that,
    the second reading takes it as a tight crop of the digit. If the picture
    shows a table's edge, both readings are the second one.

    A picture of MNIST's own size, 28x28 pixels, is not scaled or moved. It
    is inverted if its ink is dark. If ink and paper cover about as many pixels,
    the second reading is the inverse of the first.

    Args:
        encoded: String tensor `(n,)`, pictures that `decode_picture` decodes:
            grey or colour, with or without transparency, light on dark or dark
            on light.

    Returns:
        float32 tensor `(n, 2, 28, 28, 1)`, 0..255.

    Raises:
        InvalidArgumentError: When the op runs, if a picture cannot be decoded,
            is too large or shows no ink. The message says which one and why.
    """

    def normalize(inputs):
        index, encoded = inputs
        name = tf.strings.format('image[{}]', index)
        return _readings(decode_picture(encoded, name))

    readings, seen = tf.map_fn(
        normalize,
        (tf.range(tf.size(encoded)), encoded),
        fn_output_signature=(
            tf.TensorSpec((READINGS, *IMAGE_SHAPE)),
            tf.TensorSpec((READINGS,), tf.bool),
        ),
        parallel_iterations=4,  # each takes memory
    )
    # Checks within the loop would keep its iterations from overlapping.
    blank = tf.where(~tf.reduce_any(seen, axis=1))[:1, 0]
    name = tf.strings.format('image{}', blank)
    is_drawn = require(tf.size(blank) == 0, name, 'shows no ink: it is blank')
    with tf.control_dependencies([is_drawn]):
        # A reading that shows no ink is replaced by the other one.
        return tf.where(
            seen[..., None, None, None], readings, readings[:, ::-1]
        )


def trust(digit: tf.Tensor) -> tf.Tensor:
    """Returns the weight of each reading of a picture, float `(n, 2)`.

    A weight is the square root of the odds of the reading's likeliest digit.
    The weights of a picture are scaled to sum to 1. The surer reading decides,
    but two sure readings that differ leave doubt.

    Args:
        digit: float tensor `(n, 2, 10)`, P(digit) for each reading.
    """
    ordered = tf.sort(digit, axis=-1)
    # 1 - likeliest is a difference of near numbers if the network is sure. It
    # would enlarge the network's rounding, so the others are added up.
    others = tf.reduce_sum(ordered[..., :-1], axis=-1)
    weight = tf.sqrt(ordered[..., -1] / (others + 1e-6))
    return weight / tf.reduce_sum(weight, axis=-1, keepdims=True)


def seen(classify: Callable, picture: bytes, number: int) -> np.ndarray:
    """Returns the reading of a picture that has the larger weight.

    Args:
        classify: A function that `model_files.load_classifier` returns.
        picture: An encoded picture, as `normalize_pictures` takes it.
        number: 0-9.

    Returns:
        float32 array `(28, 28, 1)`, 0..255.

    Raises:
        InvalidArgumentError: As `normalize_pictures` raises it.
    """
    (readings,) = normalize_pictures([picture]).numpy()
    if np.array_equal(*readings):
        return readings[0]
    # The model takes files of MNIST's size as they are.
    files = [
        tf.io.encode_png(tf.cast(tf.round(reading), tf.uint8)).numpy()
        for reading in readings
    ]
    digit = classify(files, [number] * READINGS)['digit']
    return readings[int(tf.argmax(trust(digit[None])[0]))]


def _readings(picture):
    """Returns a picture's readings, `(2, 28, 28, 1)`, and which show ink."""
    size = tf.shape(picture)[:2]
    kinds = [
        (tf.reduce_all(size == IMAGE_SHAPE[:2]), _of_image),
        (tf.reduce_max(size) <= SMALL, _of_small),
    ]
    readings, contrast = tf.case(
        [(is_kind, functools.partial(of, picture)) for is_kind, of in kinds],
        default=lambda: _of_large(picture),
    )
    drawn = tf.reduce_max(readings, axis=(1, 2, 3)) > 0
    return readings, drawn & (contrast > MIN_CONTRAST)


def _of_image(picture):
    """Reads a picture of 28x28 pixels as it is, and inverted if unsure."""
    grey, contrast, skewness = _light_on_dark(picture)
    other = tf.where(skewness < UNSURE, 255 - grey, grey)
    readings = tf.stack([grey, other])[..., None]
    return readings, tf.stack([contrast, contrast])


def _of_small(picture):
    """Reads a small picture by its ink, and as a tight crop of a digit."""
    grey, contrast, _ = _light_on_dark(picture)
    ink, strength = whole.read_small(grey)
    size = tf.shape(grey)
    size = tf.maximum(BOX * size // tf.reduce_max(size), 1)
    crop = grey[..., None] - tf.reduce_min(grey)
    crop = tf.image.resize(crop, size, antialias=True)
    margin = IMAGE_SHAPE[0] - size
    pads = tf.stack([margin // 2, margin - margin // 2], axis=1)
    crop = tf.pad(crop, tf.pad(pads, [[0, 1], [0, 0]]))
    crop = tf.ensure_shape(crop, IMAGE_SHAPE)
    return tf.stack([ink, crop]), tf.stack([strength, contrast])


def _of_large(picture):
    """Reads a picture by all of its ink, and by the digit found in it."""
    ink, strength, side = whole.read(picture)
    digit, digit_strength, is_off = finding.read(picture)
    # Ink all along a side, where the digit is not, is no digit's.
    strength = tf.where(is_off & (side > COVERED), 0.0, strength)
    return tf.stack([ink, digit]), tf.stack([strength, digit_strength])


def _light_on_dark(picture):
    """Returns a picture in grey, light on dark, its contrast and its skewness.

    There is more paper than ink. So grey values are skewed towards the ink.
    """
    grey = inks.grey(tf.cast(picture, tf.float32))
    away = grey - tf.reduce_mean(grey)
    skewness = tf.math.divide_no_nan(
        tf.reduce_mean(away**3), tf.reduce_mean(away**2) ** 1.5
    )
    grey = tf.where(skewness < 0, 255 - grey, grey)
    contrast = tf.reduce_max(grey) - tf.reduce_min(grey)
    return grey, contrast, tf.abs(skewness)
