"""Builds the model with two inputs and two outputs."""

import keras
from keras import layers

from kerasadder.layers import AdditionTable
from kerasadder.layers import FusedBatchNormalization
from kerasadder.task import IMAGE_SHAPE
from kerasadder.task import NUM_DIGITS
from kerasadder.task import NUM_NUMBERS
from kerasadder.task import TABLES
from kerasadder.trunk import ResidualBlocks
from kerasadder.trunk import parse


def build_model(
    trunk: str = '32c5-32c5p-64c5-96c3-128c3',
    stochastic_depth: float = 0.0,
    dropout: float = 0.3,
    dtype: str = 'float32',
) -> keras.Model:
    """Builds the functional model that reads a digit and adds a number.

    Example:
    >>> model = kerasadder.build_model(trunk='16c5p-32c3p-64c3')
    >>> {name: output.shape for name, output in model.output.items()}
    {'digit': (None, 10), 'sum': (None, 19)}

    Inputs, a dict:
        image: float32 `(batch, 28, 28, 1)`, pixel values 0..255.
        number: float32 `(batch, 10)`, one-hot.

    Outputs, a dict, float32 under any precision policy:
        digit: `(batch, 10)`, P(digit | image).
        sum: `(batch, 19)`, P(digit + number | image, number).

    Args:
        trunk: The convolutions, in the notation of `kerasadder.trunk`.
        stochastic_depth: Probability that training leaves out the trunk's last
            residual block for an image. Blocks before it have a lower one, in
            proportion to their place (https://arxiv.org/abs/1603.09382).
        dropout: Dropout rate before the digit logits.
        dtype: Keras dtype policy of the trunk, e.g. 'mixed_bfloat16'.

    Returns:
        A `keras.Model`, not compiled. It gives the same answer to a darker,
        lighter or paler image, `a * image + b`.

    Raises:
        UserError: If the trunk cannot be read.
    """
    image = keras.Input(IMAGE_SHAPE, name='image')
    number = keras.Input((NUM_NUMBERS,), name='number')

    # Each image's pixels get mean 0 and variance 1.
    x = layers.LayerNormalization(
        axis=(1, 2, 3),
        epsilon=1e-6,
        center=False,
        scale=False,
        dtype='float32',
    )(image)
    x = _trunk(x, trunk, stochastic_depth, dtype)
    x = layers.Flatten(dtype=dtype)(x)
    x = layers.Dropout(dropout, dtype=dtype)(x)
    digit_logits = layers.Dense(
        NUM_DIGITS, dtype='float32', name='digit_logits'
    )(x)
    logits = {'digit': digit_logits}
    for table in TABLES:
        logits[table.name] = AdditionTable(
            table.classes, dtype='float32', name=table.layer
        )([digit_logits, number])

    return keras.Model(
        {'image': image, 'number': number},
        {
            name: layers.Softmax(dtype='float32', name=name)(x)
            for name, x in logits.items()
        },
        name='kerasadder',
    )


def _trunk(x, trunk, stochastic_depth, dtype):
    parts = parse(trunk)
    all_blocks = sum(
        part.blocks for part in parts if isinstance(part, ResidualBlocks)
    )
    block = 0
    for part in parts:
        if isinstance(part, ResidualBlocks):
            for _ in range(part.blocks):
                block += 1
                rate = stochastic_depth * block / all_blocks
                x = _residual_block(x, rate, dtype)
        else:
            x = _convolution(x, *part, dtype)
    return x


def _convolution(x, filters, kernel_size, pool, dtype):
    """Applies convolution, batch normalisation and ReLU; pools early."""
    x = layers.Conv2D(filters, kernel_size, use_bias=False, dtype=dtype)(x)
    if pool:
        x = layers.MaxPooling2D(dtype=dtype)(x)
    # A run is short: the averages have to follow faster than by the usual 0.99.
    x = FusedBatchNormalization(momentum=0.9, dtype=dtype)(x)
    return layers.ReLU(dtype=dtype)(x)


def _residual_block(x, drop_rate, dtype):
    """Adds two convolutions to their input, and drops both at random."""
    block = x
    for last in (False, True):
        block = layers.Conv2D(
            x.shape[-1], 3, padding='same', use_bias=False, dtype=dtype
        )(block)
        block = FusedBatchNormalization(momentum=0.9, dtype=dtype)(block)
        if not last:
            block = layers.ReLU(dtype=dtype)(block)
    if drop_rate:
        block = layers.Dropout(
            drop_rate, noise_shape=(None, 1, 1, 1), dtype=dtype
        )(block)
    return layers.ReLU(dtype=dtype)(layers.Add(dtype=dtype)([x, block]))


def with_every_number(model: keras.Model) -> keras.Model:
    """Rebuilds a model to answer for all ten numbers at once.

    It shares its layers and weights with `model`. The trunk runs once an image,
    not ten times.

    Args:
        model: A model of `build_model`.

    Returns:
        A `keras.Model` from `image`, float32 `(batch, 28, 28, 1)`, to the dict
        `digit`, float32 `(batch, 10)`, and `sum`, float32 `(batch, 10, 19)`,
        whose second axis is the number.
    """
    digit_logits = model.get_layer('digit_logits').output

    def with_each(table):
        answers = []
        one = keras.ops.ones_like(digit_logits[:, :1])
        for number in keras.ops.eye(NUM_NUMBERS):
            # Not `zeros + number`: Keras would call it `add`, as the residual
            # blocks' layers are called.
            logits = model.get_layer(table.layer)([digit_logits, one * number])
            answers.append(model.get_layer(table.name)(logits))
        return keras.ops.stack(answers, axis=1)

    return keras.Model(
        model.input['image'],
        {'digit': model.output['digit']}
        | {table.name: with_each(table) for table in TABLES},
        name='every_number',
    )
