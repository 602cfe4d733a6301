"""Any picture of a digit, turned into images like MNIST's in TensorFlow ops.

A picture is read in two ways, because neither is right for all: a tight crop
has no paper around the digit, and a photograph has more in it than a digit.
The network answers for both, and the answer that it is surer of counts more.
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
UNSURE = 1.0  # skewness: with 28 % of black or white ink
SMALL = 64  # pixels of the longer side: too few to tell things apart


# No Python here depends on a tensor: AutoGraph would look for it in vain, and
# take most of an export's time.
@tf.function(input_signature=[tf.TensorSpec((None,), tf.string)])
@tf.autograph.experimental.do_not_convert
def normalize_pictures(encoded: tf.Tensor) -> tf.Tensor:
    """Makes MNIST-like images of encoded pictures, two readings of each.

    The first reading takes all ink for the digit's. The second one finds the
    digit among the things in the picture; it takes a picture that is too small
    for that as a tight crop. A picture of MNIST's own size is taken as it is;
    where ink and paper are about as much, it is also taken inverted.

    Args:
        encoded: String tensor `(n,)`, each a picture as `decode_picture` takes
            it: grey or colour, with transparency or without, light on dark or
            dark on light.

    Returns:
        float32 tensor `(n, 2, 28, 28, 1)`, 0..255.

    Raises:
        InvalidArgumentError: When run, if one is no picture, is too large or
            shows no ink; the message says which and why.
    """

    def normalize(inputs):
        index, encoded = inputs
        name = tf.strings.format('image[{}]', index)
        return _readings(name, decode_picture(encoded, name))

    return tf.map_fn(
        normalize,
        (tf.range(tf.size(encoded)), encoded),
        fn_output_signature=tf.TensorSpec((READINGS, *IMAGE_SHAPE)),
        parallel_iterations=4,  # each takes memory
    )


def trust(digit: tf.Tensor) -> tf.Tensor:
    """Returns how much each reading of a picture counts, float `(n, 2)`.

    That is the square root of the odds of its likeliest digit, made to sum to
    1: the surer reading decides, but two sure ones that differ leave doubt.

    Args:
        digit: float tensor `(n, 2, 10)`, P(digit) by each reading.
    """
    likeliest = tf.reduce_max(digit, axis=-1)
    weight = tf.sqrt(likeliest / (1 - likeliest + 1e-6))
    return weight / tf.reduce_sum(weight, axis=-1, keepdims=True)


def seen(classify: Callable, picture: bytes, number: int) -> np.ndarray:
    """Returns the reading that counts most, float32 `(28, 28, 1)`, 0..255.

    Args:
        classify: As `model_files.load_classifier` returns it.
        picture: An encoded picture.
        number: 0-9.
    """
    (readings,) = normalize_pictures([picture]).numpy()
    if np.array_equal(*readings):
        return readings[0]
    # Of MNIST's size, they are taken as they are.
    files = [
        tf.io.encode_png(tf.cast(tf.round(reading), tf.uint8)).numpy()
        for reading in readings
    ]
    digit = classify(files, [number] * READINGS)['digit']
    return readings[int(tf.argmax(trust(digit[None])[0]))]


def _readings(name, picture):
    """Returns the readings `(2, 28, 28, 1)` of a picture."""
    size = tf.shape(picture)[:2]
    kinds = [
        (tf.reduce_all(size == IMAGE_SHAPE[:2]), _of_image),
        (tf.reduce_max(size) <= SMALL, _of_small),
    ]
    readings, contrast = tf.case(
        [(is_kind, functools.partial(of, picture)) for is_kind, of in kinds],
        default=lambda: _of_large(picture),
    )
    seen = contrast > MIN_CONTRAST
    is_drawn = require(tf.reduce_any(seen), name, 'shows no ink: it is blank')
    with tf.control_dependencies([is_drawn]):
        # What one way of reading does not see, the other one does.
        return tf.where(seen[:, None, None, None], readings, readings[::-1])


def _of_image(picture):
    """Reads a picture of 28x28 pixels as it is, or inverted if unsure."""
    grey, contrast, skewness = _light_on_dark(picture)
    other = tf.where(skewness < UNSURE, 255 - grey, grey)
    readings = tf.stack([grey, other])[..., None]
    return readings, tf.stack([contrast, contrast])


def _of_small(picture):
    """Reads a small picture by its ink, and as a tight crop of a digit."""
    ink, strength = whole.read(picture)
    grey, contrast, _ = _light_on_dark(picture)
    crop = tf.image.resize_with_pad(
        grey[..., None] - tf.reduce_min(grey), BOX, BOX, antialias=True
    )
    margin = (IMAGE_SHAPE[0] - BOX) // 2
    crop = tf.pad(crop, [[margin, margin], [margin, margin], [0, 0]])
    return tf.stack([ink, crop]), tf.stack([strength, contrast])


def _of_large(picture):
    """Reads a picture by all of its ink, and by the digit found in it."""
    ink, strength = whole.read(picture)
    digit, digit_strength = finding.read(picture)
    return tf.stack([ink, digit]), tf.stack([strength, digit_strength])


def _light_on_dark(picture):
    """Returns a picture in grey, its contrast, and its skewness.

    There is more paper than ink, so grey values are skewed towards the ink.
    """
    grey = inks.grey(tf.cast(picture, tf.float32))
    away = grey - tf.reduce_mean(grey)
    skewness = tf.math.divide_no_nan(
        tf.reduce_mean(away**3), tf.reduce_mean(away**2) ** 1.5
    )
    grey = tf.where(skewness < 0, 255 - grey, grey)
    contrast = tf.reduce_max(grey) - tf.reduce_min(grey)
    return grey, contrast, tf.abs(skewness)
