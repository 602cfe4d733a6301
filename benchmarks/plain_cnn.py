"""Trains the network of Keras's MNIST example, to compare ours with it.

The network is from https://keras.io/examples/vision/mnist_convnet/ (Chollet,
2015) and is trained for 6 epochs. It has only the output `digit`, so its
accuracies count the digit alone.
"""

import sys

import keras
import tensorflow as tf
from keras import layers

from kerasadder.task import IMAGE_SHAPE
from kerasadder.task import NUM_DIGITS

EPOCHS = 6
BATCH_SIZE = 128


def build():
    """Builds and compiles the network.

    Returns:
        A `keras.Model` from images `(batch, 28, 28, 1)`, 0..255, to
        probabilities `(batch, 10)`.
    """
    model = keras.Sequential(
        [
            keras.Input(IMAGE_SHAPE),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, activation='relu'),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation='relu'),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(NUM_DIGITS, activation='softmax'),
        ]
    )
    model.compile('adam', 'sparse_categorical_crossentropy')
    return model


def train(data, seed):
    """Trains the network, and prints a line for each epoch to stderr.

    Args:
        data: The training split `(images, labels)`: a uint8 array
            `(n, 28, 28, 1)` and an integer array `(n,)`.
        seed: Integer, the seed of the run.

    Returns:
        A function from float32 images `(batch, 28, 28, 1)`, 0..255, to a dict
        of `digit`, the probabilities `(batch, 10)`.
    """
    keras.utils.set_random_seed(seed)
    model = build()
    progress = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: print(
            f'plain CNN, seed {seed}, epoch {epoch + 1}/{EPOCHS}: '
            f'loss {logs["loss"]:.4f}',
            file=sys.stderr,
        )
    )
    model.fit(
        *data,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        verbose=0,
        callbacks=[progress],
    )
    return tf.function(
        lambda image: {'digit': model(image, training=False)},
        input_signature=[tf.TensorSpec((None, *IMAGE_SHAPE))],
    )
