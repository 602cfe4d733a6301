"""scikit-learn's digits, which other people wrote, as pictures."""

import tensorflow as tf
from sklearn import datasets

ENLARGED = 7
FULL_INK = 16


def load():
    """Returns scikit-learn's `load_digits`, dark on a light page.

    The 1,797 images of 8x8 pixels are the test part of UCI's "Optical
    Recognition of Handwritten Digits" (Alpaydin and Kaynak, 1998), written by
    13 people none of whom wrote for MNIST.

    Returns:
        A list of bytes, a PNG of 56x56 grey pixels each, and the digits, an
        integer array `(1797,)`.
    """
    digits = datasets.load_digits()
    paper = 255 * (1 - digits.images[..., None] / FULL_INK)
    side = ENLARGED * paper.shape[1]
    # Bicubic interpolation overshoots.
    pages = tf.image.resize(paper, (side, side), 'bicubic')
    pages = tf.cast(tf.round(tf.clip_by_value(pages, 0, 255)), tf.uint8)
    return encode(pages), digits.target


def encode(images):
    """Returns images, uint8 `(n, height, width, 1)`, as a list of PNGs."""
    return [tf.io.encode_png(image).numpy() for image in images]
