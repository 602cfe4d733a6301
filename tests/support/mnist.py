"""Provides MNIST's official test images, in the official order."""

from kerasadder.data import from_idx


def first_images(count):
    """Returns the first test images, uint8 `(count, 28, 28, 1)`."""
    images, _ = from_idx.load(from_idx.mnist_folder(), 'test')
    return images[:count]
