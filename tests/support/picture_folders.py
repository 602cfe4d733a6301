"""Makes folders of pictures, as a user does."""

import numpy as np
import tensorflow as tf

from tests.support.stripes import stripes


def write_pictures(folder, images, labels):
    """Writes images as PNG files into a subfolder for each digit.

    Args:
        folder: The folder to write to.
        images: uint8 array `(n, height, width, 1)`.
        labels: Integer array `(n,)`, the digits.

    Returns:
        The folder.
    """
    for place, (image, label) in enumerate(zip(images, labels)):
        path = folder / str(label) / f'{place:04}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tf.io.encode_png(image).numpy())
    return folder


def mirrored_stripes(count, seed):
    """Makes images in which digit d looks as 9 - d does in `stripes`."""
    images, labels = stripes(count, seed)
    return images, 9 - labels


def few_of_each(images, labels, count):
    """Returns the first `count` images of each digit, sorted by digit."""
    chosen = np.concatenate(
        [np.flatnonzero(labels == digit)[:count] for digit in range(10)]
    )
    return images[chosen], labels[chosen]
