"""Makes the stream of training batches."""

import os

import numpy as np
import tensorflow as tf

from kerasadder.data import augmentation
from kerasadder.data import renderings
from kerasadder.errors import UserError
from kerasadder.task import NUM_NUMBERS
from kerasadder.task import TABLES


def steps_per_epoch(num_images: int, batch_size: int) -> int:
    """Returns how many whole batches an epoch has.

    Raises:
        UserError: If `batch_size` is larger than the number of images.
    """
    if batch_size > num_images:
        raise UserError(
            f'batch_size={batch_size}: must be at most {num_images}, the '
            'number of training images.'
        )
    return num_images // batch_size


def training_batches(
    images: np.ndarray,
    labels: np.ndarray,
    batch_size: int,
    steps: int,
    seed: int,
    augment: bool = False,
    rendered_share: float = 0.0,
    drawn_share: float = 0.0,
    first_step: int = 0,
) -> tf.data.Dataset:
    """Makes the stream of training batches, a pure function of seed and step.

    `seed`, the step and `steps` alone decide which images a step sees, which
    number each image gets, and how it is warped or rendered anew. So a stream
    that starts at step k is the rest of the stream that starts at 0. Each epoch
    shuffles anew and leaves out the few images that do not fill a batch. The
    last epoch warps no image, because batch normalisation must end with the
    statistics of images that are not warped.

    Args:
        images: uint8 array `(n, 28, 28, 1)`.
        labels: Integer array `(n,)`, the digits.
        batch_size: Images a batch, at most n.
        steps: The step before which the stream ends, where the run ends too.
        seed: Integer.
        augment: Whether to warp and render the images at random.
        rendered_share: The share of each batch, 0..1, that augmentation renders
            anew; it warps the others.
        drawn_share: The share of the rendered images, 0..1, in whose place
            other digits are drawn from strokes.
        first_step: The step with which the stream begins.

    Returns:
        A `tf.data.Dataset` of `({image, number}, {digit, sum})`. The image is
        float32 `(batch_size, 28, 28, 1)`, 0..255, or beyond if rendered. The
        number is float32 `(batch_size, 10)`, one-hot. Digit and sum are int32
        `(batch_size,)`, with sum = digit + number.

    Raises:
        UserError: If `batch_size` is larger than the number of images.
    """
    num_images = len(labels)
    epoch_steps = steps_per_epoch(num_images, batch_size)
    num_rendered = round(rendered_share * batch_size)
    with tf.device('CPU'):
        images = tf.constant(images)
        labels = tf.constant(labels, tf.int32)

    def batch(step):
        # One seed for the shuffle of an epoch, three for the draws of a step.
        epoch = step // epoch_steps
        numbers_seed, warps_seed, renderings_seed = (
            tf.stack([seed, 3 * step + i]) for i in range(3)
        )

        first = step % epoch_steps * batch_size
        index = tf.random.experimental.index_shuffle(
            first + tf.range(batch_size, dtype=tf.int64),
            tf.stack([seed, epoch]),
            num_images - 1,
        )
        image = tf.gather(images, index)
        digit = tf.gather(labels, index)
        if augment:
            # The first images are random ones, because the epoch is shuffled.
            first, rest = image[:num_rendered], image[num_rendered:]
            image = tf.cond(
                step < steps - epoch_steps,
                lambda: augmentation.random_warp(rest, warps_seed),
                lambda: tf.cast(rest, tf.float32),
            )
            if num_rendered:
                rendered, rendered_digit = renderings.render(
                    first, digit[:num_rendered], renderings_seed, drawn_share
                )
                image = tf.concat([rendered, image], axis=0)
                digit = tf.concat(
                    [rendered_digit, digit[num_rendered:]], axis=0
                )
        number = tf.random.stateless_uniform(
            [batch_size], numbers_seed, 0, NUM_NUMBERS, tf.int32
        )
        return (
            {
                'image': tf.cast(image, tf.float32),
                'number': tf.one_hot(number, NUM_NUMBERS),
            },
            {'digit': digit}
            | {
                table.name: tf.gather_nd(
                    tf.constant(table.answers, tf.int32),
                    tf.stack([digit, number], axis=-1),
                )
                for table in TABLES
            },
        )

    seed = tf.constant(seed, tf.int64)
    options = tf.data.Options()
    # The stream has its own threads, half as many as cores. Without a GPU, they
    # take time from the training step, and more threads take more time.
    options.threading.private_threadpool_size = max(1, os.cpu_count() // 2)
    options.threading.max_intra_op_parallelism = 1
    return (
        tf.data.Dataset.range(first_step, steps)
        .map(batch, num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
        .with_options(options)
    )
