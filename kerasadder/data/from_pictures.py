"""Reads a folder of pictures, with a subfolder for each digit.

The subfolder names the digit, because cameras name the files: `IMG_0421.jpg`
does not show a 0. Keras's `image_dataset_from_directory` also reads such
folders.
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
# Places among ten pictures of a digit. Five pictures fill all three splits.
TEN, VALIDATE, TEST = set(range(10)), {2}, {4, 9}


def has_pictures(folder: str | os.PathLike) -> bool:
    """Returns whether a folder has a subfolder 0-9, `train` or `test`."""
    return any(
        os.path.isdir(os.path.join(folder, d)) for d in DIGITS + [*APART]
    )


def load(
    folder: str | os.PathLike, split: str
) -> tuple[np.ndarray, np.ndarray]:
    """Reads the pictures of a split as the command `predict` does.

    Each digit's pictures are split in the order of their names. Of ten
    pictures, the third goes to `validation`, the fifth and the tenth go to
    `test`, and seven go to `train`.

    A folder may instead have subfolders `train` and `test` with the digits in
    each. Then all pictures in `test` go to `test`. Of ten pictures in `train`,
    the third goes to `validation`, and nine go to `train`.

    Args:
        folder: The folder of the subfolders 0-9, each with pictures of that
            digit: PNG, JPEG, GIF, BMP, or another kind that Pillow reads. A
            digit may be missing. Names that begin with a dot are skipped.
        split: `train`, `validation` or `test`.

    Returns:
        `(images, labels)`, arrays of uint8 and int64. For `train`, each of a
        picture's two readings is an image: `(n, 28, 28, 1)` and `(n,)`. For the
        others, the readings stay together: `(n, 2, 28, 28, 1)` and `(n,)`.

    Raises:
        UserError: If the folder holds anything else, a picture cannot be
            decoded or shows no ink, or the split has no pictures.
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
    """Returns the number of images in `train`, without reading the pictures.

    Raises:
        UserError: If the folder holds anything else, or nothing for `train`.
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
    """Returns the names of the folders in `root`; refuses all but `names`."""
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
