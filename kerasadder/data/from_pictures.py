"""Reads a folder of pictures, with a subfolder for each digit.

Subfolders name the digits, because cameras name the files: `IMG_0421.jpg` shows
no 0. Keras's `image_dataset_from_directory` reads such folders too.
"""

import os
import pathlib

import numpy as np
import tensorflow as tf

from kerasadder.errors import UserError
from kerasadder.errors import tensorflow_reason
from kerasadder.pictures.convert import to_served
from kerasadder.pictures.normalize import READINGS
from kerasadder.pictures.normalize import normalize_pictures
from kerasadder.task import IMAGE_SHAPE
from kerasadder.task import NUM_DIGITS

DIGITS = [str(digit) for digit in range(NUM_DIGITS)]
APART = ('train', 'test')
# Places among ten pictures of a digit. Five pictures serve all three splits.
TEN, VALIDATE, TEST = set(range(10)), {2}, {4, 9}


def has_pictures(folder: str | os.PathLike) -> bool:
    """Returns whether a folder has subfolders named as those of pictures."""
    return any(
        os.path.isdir(os.path.join(folder, d)) for d in DIGITS + [*APART]
    )


def load(
    folder: str | os.PathLike, split: str
) -> tuple[np.ndarray, np.ndarray]:
    """Reads the pictures of a split as the command `predict` does.

    Of ten pictures of a digit, in the order of their names, the third
    validates, the fifth and the tenth test, and seven train. If the folder has
    subfolders `train` and `test`, with the digits in each, all of `test` tests.

    Args:
        folder: Of the subfolders 0-9, each with pictures of that digit: PNG,
            JPEG, GIF, BMP, or another kind that Pillow reads. A digit may be
            missing. Names that begin with a dot are passed over.
        split: `train`, `validation` or `test`.

    Returns:
        `(images, labels)`. For `train` each reading of a picture is an image
        of its own: arrays of uint8 `(n, 28, 28, 1)` and int64 `(n,)`. For the
        others the readings stay together: `(n, 2, 28, 28, 1)` and `(n,)`.

    Raises:
        UserError: If the folder holds anything else, a picture cannot be read
            or shows no digit, or the split has no pictures.
        OSError: If a file cannot be read.
    """
    files = _files(folder, split)
    readings = np.stack([_read(file) for file, _ in files])
    labels = np.array([digit for _, digit in files])
    if split == 'train':
        readings = readings.reshape(-1, *IMAGE_SHAPE)
        labels = np.repeat(labels, READINGS)
    return readings, labels


def num_training_images(folder: str | os.PathLike) -> int:
    """Returns the size of the `train` that `load` returns, reading no picture.

    Raises:
        UserError: As `load` raises it.
    """
    return READINGS * len(_files(folder, 'train'))


def _files(folder, split):
    """Returns the files of a split, each with its digit."""
    root = pathlib.Path(folder)
    tens = {
        'train': TEN - VALIDATE - TEST,
        'validation': VALIDATE,
        'test': TEST,
    }
    if any((root / name).is_dir() for name in APART):
        _check_names(folder, root, APART)
        root /= 'test' if split == 'test' else 'train'
        tens |= {'train': TEN - VALIDATE, 'test': TEN}
    files = [
        (file, int(digit))
        for digit in _check_names(folder, root, DIGITS)
        for place, file in enumerate(_visible(root / digit))
        if place % len(TEN) in tens[split]
    ]
    if not files:
        raise UserError(
            f'dataset={folder}: has no pictures for {split}; must have five '
            'or more of a digit.'
        )
    return files


def _check_names(folder, root, names):
    """Returns the names of the folders in `root`, which must be of `names`."""
    found = _visible(root) if root.is_dir() else []
    for path in found:
        if path.name not in names or not path.is_dir():
            raise UserError(
                f'dataset={folder}: {path} is in the way. Beside subfolders '
                f'{names[0]} to {names[-1]} there may be nothing.'
            )
    return [path.name for path in found]


def _visible(folder):
    paths = sorted(folder.iterdir())
    return [path for path in paths if not path.name.startswith('.')]


def _read(file):
    """Returns the readings of a picture, uint8 `(2, 28, 28, 1)`."""
    if file.is_dir():
        raise UserError(f'{file}: is a folder, must be a picture.')
    try:
        picture = to_served(file.read_bytes())
        (readings,) = normalize_pictures([picture]).numpy()
    except UserError as error:
        raise UserError(f'{file}: {error}') from error
    except tf.errors.InvalidArgumentError as error:
        reason = tensorflow_reason(error).removeprefix('image[0] ')
        raise UserError(f'{file}: {reason}') from error
    return np.round(readings).astype(np.uint8)
