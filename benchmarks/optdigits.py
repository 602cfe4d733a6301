"""Loads scikit-learn's digits, which other people wrote, as pictures."""

import tensorflow as tf
from sklearn import datasets

ENLARGED = 7
FULL_INK = 16


def load():
    """Loads scikit-learn's `load_digits` as dark digits on light pages.

    The 1,797 images of 8x8 pixels are the test part of UCI's "Optical
    Recognition of Handwritten Digits" (Alpaydin and Kaynak, 1998). They were
    written by 13 people, and none of them wrote for MNIST.

    Returns:
        A list of the bytes of PNG files, 56x56 grey pixels each; and the
        digits, an integer array `(1797,)`.
    """
    digits = datasets.load_digits()
    paper = 255 * (1 - digits.images[..., None] / FULL_INK)
    side = ENLARGED * paper.shape[1]
    # Clipping is needed because bicubic interpolation overshoots.
    pages = tf.image.resize(paper, (side, side), 'bicubic')
    pages = tf.cast(tf.round(tf.clip_by_value(pages, 0, 255)), tf.uint8)
    return encode(pages), digits.target


def encode(images):
    """Encodes images as PNG files.

    Args:
        images: uint8 array `(n, height, width, 1)`.

    Returns:
        A list of bytes.
    """
    return [tf.io.encode_png(image).numpy() for image in images]
