"""Folders of pictures, as a user makes them."""

import numpy as np
import tensorflow as tf

from tests.support.stripes import stripes


def write_pictures(folder, images, labels):
    """Writes images as PNG files, each into the subfolder of its digit."""
    for place, (image, label) in enumerate(zip(images, labels)):
        path = folder / str(label) / f'{place:04}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tf.io.encode_png(image).numpy())
    return folder


def mirrored_stripes(count, seed):
    """Makes images in which the digit d is where `stripes` has 9 - d."""
    images, labels = stripes(count, seed)
    return images, 9 - labels


def few_of_each(images, labels, count):
    """Returns so many images of each digit, digit after digit."""
    chosen = np.concatenate(
        [np.flatnonzero(labels == digit)[:count] for digit in range(10)]
    )
    return images[chosen], labels[chosen]
