"""Images and labels, MNIST's or others, and the stream of training batches."""

import os

import tensorflow as tf

from kerasadder.data import augmentation
from kerasadder.data import from_idx
from kerasadder.data import from_tfds
from kerasadder.errors import UserError
from kerasadder.task import IMAGE_SHAPE
from kerasadder.task import NUM_DIGITS
from kerasadder.task import NUM_NUMBERS

MNIST_TRAINING_IMAGES = 60_000


def load(*splits, name='mnist', data_dir=None):
    """Loads a dataset, letting TFDS prepare it first where it is not yet.

    The last twelfth of its training images, 5,000 at most, validate. The order
    is TFDS's own, or that of the IDX files.

    Args:
        *splits: Of `train`, `validation`, `test`. Validation chooses, test is
            read once.
        name: As TFDS calls it, or the folder of four IDX files.
        data_dir: TFDS's folder of prepared datasets; None for its usual one.

    Returns:
        A list, one entry a split: `(images, labels)`, arrays of uint8
        `(n, 28, 28, 1)` and int64 `(n,)`.

    Raises:
        UserError: If there is no such dataset, it cannot be prepared, is
            damaged, or has images or labels of another kind.
        OSError: If `data_dir` cannot be written.
    """
    loaded = {}
    if {'train', 'validation'} & set(splits):
        images, labels = _load(name, 'train', data_dir)
        end = _training_share(name, len(labels))
        loaded['train'] = images[:end], labels[:end]
        loaded['validation'] = images[end:], labels[end:]
    if 'test' in splits:
        loaded['test'] = _load(name, 'test', data_dir)
    return [loaded[split] for split in splits]


def num_training_images(name='mnist', data_dir=None):
    """Returns the size of the `train` that `load` returns, for less time.

    MNIST need not be prepared for that; others of TFDS are, for want of another
    way to know.

    Raises:
        UserError: As `load` raises it.
        OSError: If `data_dir` cannot be written.
    """
    if name == 'mnist':
        count = MNIST_TRAINING_IMAGES
    elif _is_folder(name):
        count = from_idx.num_training_images(name)
    else:
        count = from_tfds.num_training_images(name, data_dir)
    return _training_share(name, count)


def _training_share(name, count):
    """Returns how many of the training images do not validate."""
    if count < 12:
        raise UserError(
            f'--dataset={name}: has {count} training images, must have 12 or '
            'more.'
        )
    return count - min(count // 12, 5000)


def _is_folder(name):
    return name != 'mnist' and os.path.isdir(name)


def _load(name, split, data_dir):
    """Loads all that is called `train` or `test`, and checks it."""
    if _is_folder(name):
        images, labels = from_idx.load(name, split)
    else:
        images, labels = from_tfds.load(name, split, data_dir)
    if len(labels) == 0:
        raise UserError(f'--dataset={name}: has no images to {split}.')
    first, last = labels.min(), labels.max()
    if images.shape[1:] != IMAGE_SHAPE or first < 0 or last >= NUM_DIGITS:
        raise UserError(
            f'--dataset={name}: has images {images.shape[1:]} and labels '
            f'{first}-{last} to {split}, must have {IMAGE_SHAPE} and '
            f'0-{NUM_DIGITS - 1}.'
        )
    return images, labels


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
    """Makes the stream of training batches, a pure function of seed and step.

    Which images a step sees, which number each gets and how each is warped
    depends on nothing but `seed`, the step and `steps`: a stream that starts at
    step k is the rest of the one that starts at 0. Each epoch shuffles anew and
    leaves out the few images that do not fill a batch. The last one warps none,
    for batch normalisation is to end with the statistics of images as they are.

    Args:
        images: uint8 array `(n, 28, 28, 1)`.
        labels: Integer array `(n,)`, the digits.
        batch_size: Images a batch, at most n.
        steps: Where the stream ends.
        seed: Integer.
        augment: Whether to warp the images at random, before the last epoch.
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
            image = tf.cond(
                step < steps - epoch_steps,
                lambda: augmentation.random_warp(image, warps_seed),
                lambda: tf.cast(image, tf.float32),
            )
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
