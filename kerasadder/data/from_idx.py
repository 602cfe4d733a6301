"""Reads images and labels from four IDX files, the format of MNIST."""

import gzip
import itertools
import math
import os
import pathlib
import zlib

import numpy as np

from kerasadder.errors import UserError

FILES = {
    'train': ('train-images-idx3-ubyte', 'train-labels-idx1-ubyte'),
    'test': ('t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'),
}
MNIST = pathlib.Path(__file__).with_name('mnist')
MAGIC = b'\0\0\x08'  # unsigned bytes; the number of dimensions follows


def mnist_folder() -> pathlib.Path:
    """Returns the folder of MNIST's four official files, in this package.

    Raises:
        UserError: If a file is missing.
    """
    for name in itertools.chain.from_iterable(FILES.values()):
        path = MNIST / f'{name}.gz'
        if not path.is_file():
            raise UserError(f'{path} is missing: install kerasadder again.')
    return MNIST


def load(
    folder: str | os.PathLike, split: str
) -> tuple[np.ndarray, np.ndarray]:
    """Reads the images and labels of a split, in the order of the files.

    Args:
        folder: The folder of the files in `FILES`, each plain or as `.gz`.
        split: `train` or `test`.

    Returns:
        `(images, labels)`, arrays of uint8 `(n, height, width, 1)` and int64
        `(n,)`.

    Raises:
        UserError: If a file is missing, damaged or of another kind, or if the
            files hold different numbers of images and labels.
        OSError: If a file cannot be read.
    """
    names = FILES[split]
    images, labels = (
        _read(_find(folder, name), dimensions)
        for name, dimensions in zip(names, (3, 1))
    )
    if len(images) != len(labels):
        raise UserError(
            f'dataset={folder}: {len(images)} images in {names[0]}, but '
            f'{len(labels)} labels in {names[1]}.'
        )
    return images[..., None], labels.astype(np.int64)


def num_training_images(folder: str | os.PathLike) -> int:
    """Returns the number of training images, without reading the images.

    Raises:
        UserError: As `load` raises it.
        OSError: If a file cannot be read.
    """
    return len(_read(_find(folder, FILES['train'][1]), dimensions=1))


def _find(folder, name):
    for file in (name, f'{name}.gz'):
        path = pathlib.Path(folder, file)
        if path.is_file():
            return path
    raise UserError(
        f'dataset={folder}: has no file {name} or {name}.gz, and no subfolders '
        '0-9 of pictures.'
    )


def _read(path, dimensions):
    try:
        with (gzip.open if path.suffix == '.gz' else open)(path, 'rb') as file:
            content = file.read()
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise UserError(f'{path}: damaged ({error}).') from error
    begin = 4 + 4 * dimensions
    if content[:4] != MAGIC + bytes([dimensions]) or len(content) < begin:
        raise UserError(
            f'{path}: not an IDX file of bytes in {dimensions} dimensions.'
        )
    shape = np.frombuffer(content, '>u4', dimensions, offset=4).tolist()
    if len(content) - begin != math.prod(shape):
        raise UserError(
            f'{path}: damaged: has {len(content) - begin} bytes after its '
            f'header, which says {math.prod(shape)}.'
        )
    return np.frombuffer(content, np.uint8, offset=begin).reshape(shape)
