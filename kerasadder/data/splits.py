"""Loads images and labels for training, validation and test."""

import os

import numpy as np

from kerasadder.data import from_idx
from kerasadder.data import from_pictures
from kerasadder.data import from_tfds
from kerasadder.errors import UserError
from kerasadder.task import IMAGE_SHAPE
from kerasadder.task import NUM_DIGITS

MNIST_TRAINING_IMAGES = 60_000


def load(
    *splits: str,
    name: str = 'mnist',
    data_dir: str | os.PathLike | None = None,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Loads splits of a dataset; TFDS first prepares what is not prepared yet.

    The last twelfth of the training images is the split `validation`, at most
    5,000 images. The images keep the order of TFDS or of the IDX files. A
    folder of pictures is split in another way: see `from_pictures.load`.

    Args:
        *splits: Any of `train`, `validation` and `test`. A run chooses by
            `validation`, and reads `test` once, at its end.
        name: The dataset's name in TFDS, or a folder of four IDX files, or a
            folder of pictures in subfolders 0-9.
        data_dir: TFDS's folder of prepared datasets; None for the usual one.

    Returns:
        A list with an entry for each split: `(images, labels)`, arrays of uint8
        `(n, 28, 28, 1)` and int64 `(n,)`. In `validation` and `test`, each
        picture of a folder has two readings: uint8 `(n, 2, 28, 28, 1)`.

    Raises:
        UserError: If the dataset does not exist, cannot be prepared, is
            damaged, or has images or labels of another kind.
        OSError: If `data_dir` cannot be written.
    """
    if _has_pictures(name):
        return [from_pictures.load(name, split) for split in splits]
    loaded = {}
    if {'train', 'validation'} & set(splits):
        images, labels = _load(name, 'train', data_dir)
        end = _training_share(name, len(labels))
        loaded['train'] = images[:end], labels[:end]
        loaded['validation'] = images[end:], labels[end:]
    if 'test' in splits:
        loaded['test'] = _load(name, 'test', data_dir)
    return [loaded[split] for split in splits]


def num_training_images(
    name: str = 'mnist', data_dir: str | os.PathLike | None = None
) -> int:
    """Returns the number of images in `train`, in less time than `load`.

    TFDS first prepares a dataset of its own, unless it is MNIST, because
    nothing else tells the dataset's size.

    Raises:
        UserError: As `load` raises it.
        OSError: If `data_dir` cannot be written.
    """
    if _has_pictures(name):
        return from_pictures.num_training_images(name)
    if name == 'mnist':
        count = MNIST_TRAINING_IMAGES
    elif _is_folder(name):
        count = from_idx.num_training_images(name)
    else:
        count = from_tfds.num_training_images(name, data_dir)
    return _training_share(name, count)


def _training_share(name, count):
    """Returns how many training images remain beside the validation split."""
    if count < 12:
        raise UserError(
            f'dataset={name}: has {count} training images, must have 12 or '
            'more.'
        )
    return count - min(count // 12, 5000)


def among_mnist(
    images: np.ndarray, labels: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Adds images of MNIST to others, so that a tuned model forgets neither.

    Args:
        images: uint8 array `(n, 28, 28, 1)`.
        labels: Integer array `(n,)`.
        count: How many of MNIST's training images to add, in the order of its
            files. Fewer images than that are repeated until they are as many.

    Returns:
        `(images, labels)`, arrays of uint8 `(m, 28, 28, 1)` and integers
        `(m,)`, with m = `num_among_mnist(n, count)`. MNIST's images come last.

    Raises:
        UserError: If a file of MNIST is missing or damaged.
    """
    mnist_images, mnist_labels = from_idx.load(from_idx.mnist_folder(), 'train')
    repeated = np.arange(max(count, len(labels))) % len(labels)
    return (
        np.concatenate([images[repeated], mnist_images[:count]]),
        np.concatenate([labels[repeated], mnist_labels[:count]]),
    )


def num_among_mnist(num_images: int, count: int) -> int:
    """Returns how many images `among_mnist` returns."""
    return max(num_images, count) + count


def _has_pictures(name):
    return name != 'mnist' and from_pictures.has_pictures(name)


def _is_folder(name):
    return name != 'mnist' and os.path.isdir(name)


def _load(name, split, data_dir):
    """Loads and checks the whole of `train` or `test`."""
    if _is_folder(name):
        images, labels = from_idx.load(name, split)
    else:
        images, labels = from_tfds.load(name, split, data_dir)
    if len(labels) == 0:
        raise UserError(f'dataset={name}: has no images to {split}.')
    first, last = labels.min(), labels.max()
    if images.shape[1:] != IMAGE_SHAPE or first < 0 or last >= NUM_DIGITS:
        raise UserError(
            f'dataset={name}: has images {images.shape[1:]} and labels '
            f'{first}-{last} to {split}, must have {IMAGE_SHAPE} and '
            f'0-{NUM_DIGITS - 1}.'
        )
    return images, labels
