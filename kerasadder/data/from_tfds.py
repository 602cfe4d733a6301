"""Loads images and labels of a dataset that TFDS prepares."""

import atexit
import contextlib
import functools
import io
import os
import sys
import tempfile

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from kerasadder import files
from kerasadder.data import from_idx
from kerasadder.errors import UserError
from kerasadder.errors import first_line
from kerasadder.task import IMAGE_SHAPE


def load(
    name: str, split: str, data_dir: str | os.PathLike | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Loads a split; TFDS first prepares a dataset that is not prepared yet.

    Args:
        name: The dataset's name in TFDS, such as `mnist` or `emnist/digits`.
        split: `train` or `test`.
        data_dir: TFDS's folder of prepared datasets; None for the usual one.

    Returns:
        `(images, labels)`, arrays of uint8 `(n, 28, 28, 1)` and int64 `(n,)`,
        in TFDS's order.

    Raises:
        UserError: If TFDS has no such dataset or cannot prepare it, if it is
            not like MNIST, or if its files are damaged.
        OSError: If `data_dir` cannot be written.
    """
    builder = _builder(name, data_dir)
    image, label = _keys(builder.info)
    try:
        arrays = tfds.as_numpy(builder.as_dataset(split=split, batch_size=-1))
    except (tf.errors.OpError, AssertionError) as error:
        raise UserError(
            f'The dataset in {builder.data_path} is damaged: delete that '
            'folder and run again, which prepares it anew.'
        ) from error
    return arrays[image], arrays[label].astype(np.int64)


def num_training_images(
    name: str, data_dir: str | os.PathLike | None = None
) -> int:
    """Returns the number of images in `train`; prepares as `load` does.

    Raises:
        UserError: As `load` raises it.
        OSError: If `data_dir` cannot be written.
    """
    return _builder(name, data_dir).info.splits['train'].num_examples


def _builder(name, data_dir):
    """Returns the builder of a dataset, after TFDS has prepared the dataset."""
    tfds.disable_progress_bar()
    try:
        builder = tfds.builder(name, data_dir=data_dir)
    except (ValueError, AssertionError, ImportError) as error:
        raise UserError(
            f'dataset={name}: no folder has this name, and no dataset of TFDS '
            f'({first_line(error)})'
        ) from error
    _check_kind(name, builder.info)
    if not builder.is_prepared():
        if data_dir is None and _is_read_only(builder.data_path):
            return _builder(name, _temporary_data_dir())
        try:
            if builder.name == 'mnist':
                _prepare_mnist(builder)
            else:
                _prepare(name, builder)
        except (OSError, UserError):
            # Another process may have prepared the dataset meanwhile.
            builder = tfds.builder(name, data_dir=data_dir)
            if not builder.is_prepared():
                raise
    for split in ('train', 'test'):
        if split not in builder.info.splits:
            raise UserError(f'dataset={name}: has no split {split}.')
    return builder


def _is_read_only(path):
    """Returns whether TFDS's usual folder cannot be written.

    The path still begins with `~` if the user has no home folder.
    """
    return str(path).startswith('~') or files.writing_error(path) is not None


@functools.cache
def _temporary_data_dir():
    """Makes a folder that is deleted at exit, and tells the user."""
    print(
        "TFDS's usual folder in the home folder cannot be written: data are "
        'prepared for this run alone. --data_dir names a folder to keep them.',
        file=sys.stderr,
    )
    folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    return folder.name


def _keys(info):
    """Returns the names of the features that hold image and label."""
    return info.supervised_keys or ('image', 'label')


def _check_kind(name, info):
    """Refuses a dataset that is not like MNIST, before TFDS downloads it."""
    features = dict(info.features.items())
    keys = [key for key in _keys(info) if key in features]
    if [features[key].shape for key in keys] == [IMAGE_SHAPE, ()]:
        image, label = (np.dtype(features[key].np_dtype) for key in keys)
        if image == np.uint8 and label.kind in 'iu':
            return
    found = [f'{key} {features[key]}' for key in keys] or list(features)
    raise UserError(
        f'dataset={name}: has {", ".join(found)}; must have images '
        f'{IMAGE_SHAPE} of uint8, each with an integer label.'
    )


def _prepare_mnist(builder):
    """Has TFDS prepare MNIST from the files in this package."""
    official = from_idx.mnist_folder()
    print(
        f'Preparing MNIST in {builder.data_path} (once, about 15 s)',
        file=sys.stderr,
    )
    # TFDS verifies the files' SHA-256, and prints much that users need not see.
    # It would leave 53 MB in its own download_dir.
    with (
        # After an error, TFDS's threads still write there.
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as download_dir,
        contextlib.redirect_stdout(io.StringIO()),
    ):
        try:
            builder.download_and_prepare(
                download_dir=download_dir,
                download_config=tfds.download.DownloadConfig(
                    manual_dir=official
                ),
            )
        except tfds.download.download_manager.NonMatchingChecksumError as error:
            raise UserError(
                f'A file in {official} is damaged (wrong SHA-256): '
                'install kerasadder again.'
            ) from error


def _prepare(name, builder):
    """Has TFDS download and prepare another dataset in its own way."""
    print(
        f'TFDS downloads {name} and prepares it in {builder.data_path} (once; '
        'without internet it gives up after some minutes)',
        file=sys.stderr,
    )
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            builder.download_and_prepare()
        except Exception as error:  # the dataset's own code may raise anything
            raise UserError(
                f'dataset={name}: TFDS could not download and prepare it '
                f'({first_line(error.__cause__ or error)})'
            ) from error
