"""MNIST through TFDS, and the stream of training batches made of it."""

import contextlib
import io
import os
import pathlib
import sys
import tempfile

import tensorflow as tf
import tensorflow_datasets as tfds

from kerasadder import augmentation
from kerasadder.errors import UserError
from kerasadder.model import NUM_NUMBERS

# TFDS's own order of the images. Validation chooses, test is read once.
SPLITS = {
    'train': 'train[:55000]',
    'validation': 'train[55000:]',
    'test': 'test',
}
NUM_TRAINING_IMAGES = 55_000
# The official files, in the names that TFDS looks for in a manual_dir.
OFFICIAL_DIR = pathlib.Path(__file__).parent / 'data'
OFFICIAL_FILES = (
    'train-images-idx3-ubyte.gz',
    'train-labels-idx1-ubyte.gz',
    't10k-images-idx3-ubyte.gz',
    't10k-labels-idx1-ubyte.gz',
)


def load(*splits, data_dir=None):
    """Loads MNIST, letting TFDS prepare it first where it is not yet.

    Args:
        *splits: Names in `SPLITS`.
        data_dir: TFDS's folder of prepared datasets; None for its usual one.

    Returns:
        A list, one entry a split: `(images, labels)`, arrays of uint8
        `(n, 28, 28, 1)` and int64 `(n,)`.

    Raises:
        UserError: If an official file is missing or damaged, or if the
            prepared dataset is.
        OSError: If `data_dir` cannot be written.
    """
    tfds.disable_progress_bar()
    builder = tfds.builder('mnist', data_dir=data_dir)
    _prepare(builder)
    try:
        return tfds.as_numpy(
            builder.as_dataset(
                split=[SPLITS[split] for split in splits],
                batch_size=-1,
                as_supervised=True,
            )
        )
    except (tf.errors.OpError, AssertionError) as error:
        raise UserError(
            f'The dataset in {builder.data_path} is damaged: delete that '
            'folder and run again, which prepares it anew.'
        ) from error


def _prepare(builder):
    """Has TFDS prepare the dataset from the files in this package."""
    if builder.is_prepared():
        return
    for name in OFFICIAL_FILES:
        if not (OFFICIAL_DIR / name).is_file():
            raise UserError(
                f'{OFFICIAL_DIR / name} is missing: install kerasadder again.'
            )
    print(
        f'Preparing MNIST in {builder.data_path} (once, about 15 s)',
        file=sys.stderr,
    )
    # TFDS verifies the files' SHA-256, and says much that is none of a user's
    # business. It would leave 53 MB in its download_dir.
    with (
        tempfile.TemporaryDirectory() as download_dir,
        contextlib.redirect_stdout(io.StringIO()),
    ):
        try:
            builder.download_and_prepare(
                download_dir=download_dir,
                download_config=tfds.download.DownloadConfig(
                    manual_dir=OFFICIAL_DIR
                ),
            )
        except tfds.download.download_manager.NonMatchingChecksumError as error:
            raise UserError(
                f'A file in {OFFICIAL_DIR} is damaged (wrong SHA-256): '
                'install kerasadder again.'
            ) from error


def steps_per_epoch(num_images, batch_size):
    """Returns the whole batches in an epoch.

    Raises:
        UserError: If there is none.
    """
    if batch_size > num_images:
        raise UserError(
            f'--batch_size={batch_size}: must be at most {num_images}, the '
            'number of training images.'
        )
    return num_images // batch_size


def training_batches(
    images, labels, batch_size, steps, seed, augment=False, first_step=0
):
    """Makes the stream of training batches, a pure function of (seed, step).

    Which images a step sees, which number each gets and how each is warped
    depends on nothing but `seed` and `step`: a stream that starts at step k is
    the rest of the one that starts at 0. Each epoch shuffles anew and leaves
    out the few images that do not fill a batch.

    Args:
        images: uint8 array `(n, 28, 28, 1)`.
        labels: Integer array `(n,)`, the digits.
        batch_size: Images a batch, at most n.
        steps: Where the stream ends.
        seed: Integer.
        augment: Whether to warp the images at random.
        first_step: Where the stream begins.

    Returns:
        A `tf.data.Dataset` of `({image, number}, {digit, sum})`: float32
        `(batch_size, 28, 28, 1)`, 0..255, and `(batch_size, 10)`, one-hot;
        int32 `(batch_size,)` both, sum = digit + number.

    Raises:
        UserError: If `batch_size` is larger than the number of images.
    """
    num_images = len(labels)
    epoch_steps = steps_per_epoch(num_images, batch_size)
    with tf.device('CPU'):
        images = tf.constant(images)
        labels = tf.constant(labels, tf.int32)

    def batch(step):
        # One seed for the shuffle of an epoch, two for the draws of a step.
        epoch = step // epoch_steps
        numbers_seed = tf.stack([seed, 2 * step])
        warps_seed = tf.stack([seed, 2 * step + 1])

        first = step % epoch_steps * batch_size
        index = tf.random.experimental.index_shuffle(
            first + tf.range(batch_size, dtype=tf.int64),
            tf.stack([seed, epoch]),
            num_images - 1,
        )
        image = tf.gather(images, index)
        if augment:
            image = augmentation.random_warp(image, warps_seed)
        digit = tf.gather(labels, index)
        number = tf.random.stateless_uniform(
            [batch_size], numbers_seed, 0, NUM_NUMBERS, tf.int32
        )
        return (
            {
                'image': tf.cast(image, tf.float32),
                'number': tf.one_hot(number, NUM_NUMBERS),
            },
            {'digit': digit, 'sum': digit + number},
        )

    seed = tf.constant(seed, tf.int64)
    options = tf.data.Options()
    # Threads of its own, half as many as cores: without a GPU they take time
    # from the training step, and more of it the more of them there are.
    options.threading.private_threadpool_size = max(1, os.cpu_count() // 2)
    options.threading.max_intra_op_parallelism = 1
    return (
        tf.data.Dataset.range(first_step, steps)
        .map(batch, num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
        .with_options(options)
    )
