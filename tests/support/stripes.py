"""Makes small data that a model learns in seconds."""

import kerasadder  # noqa: F401, I001, sets TensorFlow's environment first

import os

# All tests run on the CPU, also in the processes that they start.
os.environ['CUDA_VISIBLE_DEVICES'] = '-1'

import numpy as np


def stripes(count, seed):
    """Makes easy images: digit d has a bright stripe in two rows.

    Args:
        count: Number of images.
        seed: Integer, the seed of all random choices.

    Returns:
        The images, a uint8 array `(count, 28, 28, 1)` with the stripe in the
        rows 2d + 4 and 2d + 5; and the digits, an integer array `(count,)`.
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, count)
    images = rng.integers(0, 50, (count, 28, 28, 1), np.uint8)
    rows = 2 * labels[:, None] + [4, 5]
    images[np.arange(count)[:, None], rows] += 200
    return images, labels
