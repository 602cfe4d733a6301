"""Small data that is learned in seconds."""

import kerasadder  # noqa: F401, I001, sets TensorFlow's environment first

import os

# The tests are of the CPU, those too that start a process.
os.environ['CUDA_VISIBLE_DEVICES'] = '-1'

import numpy as np


def stripes(count, seed):
    """Makes easy images: digit d has a bright stripe in the rows 2d + 4."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, count)
    images = rng.integers(0, 50, (count, 28, 28, 1), np.uint8)
    rows = 2 * labels[:, None] + [4, 5]
    images[np.arange(count)[:, None], rows] += 200
    return images, labels
