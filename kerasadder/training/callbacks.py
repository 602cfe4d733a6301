"""Scores, averages, reports and stops a model while it trains."""

import math
import sys
import time

import keras

from kerasadder import evaluation
from kerasadder.errors import Diverged
from kerasadder.task import OUTPUTS

SCORES = (
    *(f'{name}_loss' for name in OUTPUTS),
    *(f'{name}_accuracy' for name in OUTPUTS),
    'joint_accuracy',
    'consistency',
)


class ExhaustiveValidation(keras.callbacks.Callback):
    """Scores the model on every validation pair, at the end of each epoch.

    Put it first. It adds the learning rate to the logs, and the scores, with
    `val_` before their names. The callbacks after it find them there. It keeps
    the last `predictions`.

    Args:
        every_number: The model that answers for all numbers at once. It shares
            its weights with the model in training.
        images: Array as `evaluation.predict` takes it.
        labels: Integer array `(n,)`.
        loss_weights: Dict of the weights of the `digit` and `sum` losses.
    """

    def __init__(self, every_number, images, labels, loss_weights):
        super().__init__()
        self.every_number = every_number
        self.images = images
        self.labels = labels
        self.loss_weights = loss_weights
        self.predictions = None

    def on_epoch_end(self, epoch, logs):
        self.predictions = evaluation.predict(self.every_number, self.images)
        scores = evaluation.metrics(self.predictions, self.labels)
        logs['val_loss'] = sum(
            weight * scores[f'{output}_loss']
            for output, weight in self.loss_weights.items()
        )
        for name in SCORES:
            logs[f'val_{name}'] = scores[name]
        logs['learning_rate'] = float(self.model.optimizer.learning_rate)


class WeightAveraging(keras.callbacks.Callback):
    """Ends a run with the mean of the weights of several epochs.

    It follows Izmailov et al., "Averaging Weights Leads to Wider Optima and
    Better Generalization", 2018. It averages the weights at the ends of these
    epochs. The epoch after them begins with the mean, and keeps the mean if its
    learning rate is 0. In that epoch batch normalisation gets the statistics
    that fit the mean. Put it before the checkpoint.

    Args:
        weights: The variables to average.
        epochs: The `range` of epochs, counted from 0; empty for none.

    Attributes:
        means: Variables, the means so far. A checkpoint must keep them.
    """

    def __init__(self, weights, epochs):
        super().__init__()
        self.weights = weights if epochs else []
        self.epochs = epochs
        self.means = [
            keras.Variable(keras.ops.zeros_like(weight), trainable=False)
            for weight in self.weights
        ]

    def on_epoch_begin(self, epoch, logs=None):
        if not self.epochs or epoch != self.epochs.stop:
            return
        for weight, mean in zip(self.weights, self.means):
            weight.assign(keras.ops.convert_to_numpy(mean))
        # SGD's momentum would move them on without a learning rate.
        optimizer = self.model.optimizer
        for momentum in getattr(optimizer, 'momentums', []):
            momentum.assign(keras.ops.zeros_like(momentum))

    def on_epoch_end(self, epoch, logs=None):
        if epoch in self.epochs:
            share = 1 / (epoch - self.epochs.start + 1)
            for weight, mean in zip(self.weights, self.means):
                weight = keras.ops.convert_to_numpy(weight)
                mean.assign_add(share * (weight - mean))


class ProgressLog(keras.callbacks.Callback):
    """Prints one line an epoch, and on a terminal Keras's progress bar.

    Args:
        epochs: Epochs of the whole run.
    """

    def __init__(self, epochs):
        super().__init__()
        self.epochs = epochs

    def on_epoch_begin(self, epoch, logs=None):
        self.bar = None
        self.began = time.perf_counter()
        if sys.stdout.isatty():
            self.bar = keras.utils.Progbar(self.params['steps'])

    def on_train_batch_end(self, batch, logs):
        if self.bar:
            self.bar.update(batch + 1, [('loss', logs['loss'])], finalize=False)

    def on_epoch_end(self, epoch, logs):
        if self.bar:
            # The epoch's line takes the bar's place.
            print('\r\x1b[K', end='')
        print(
            f'epoch {epoch + 1:{len(str(self.epochs))}}/{self.epochs}  '
            f'loss {logs["loss"]:.4f}  '
            f'validation loss {logs["val_loss"]:.4f}  '
            f'digit {100 * logs["val_digit_accuracy"]:.2f} %  '
            f'sum {100 * logs["val_sum_accuracy"]:.2f} %  '
            f'joint {100 * logs["val_joint_accuracy"]:.2f} %  '
            f'({time.perf_counter() - self.began:.0f} s)',
            flush=True,
        )


def steps_done(model: keras.Model) -> int:
    """Returns the steps that a model was trained for."""
    # On several devices, int() would not do.
    return int(keras.ops.convert_to_numpy(model.optimizer.iterations))


class StopOnBadLoss(keras.callbacks.Callback):
    """Ends a run before it is saved, once its loss is not a finite number."""

    def on_train_batch_end(self, batch, logs):
        if not math.isfinite(logs['loss']):
            raise Diverged(
                f'the loss is {logs["loss"]}', steps_done(self.model)
            )
