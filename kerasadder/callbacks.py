"""What happens at the end of an epoch: scores, a line, a checkpoint."""

import json
import sys
import time
import zipfile

import keras
import numpy as np

from kerasadder import evaluation
from kerasadder import run_folder

VALIDATION_SCORES = (
    'digit_loss',
    'sum_loss',
    'digit_accuracy',
    'sum_accuracy',
    'joint_accuracy',
    'consistency',
)


class ExhaustiveValidation(keras.callbacks.Callback):
    """Scores the model on every validation pair, at the end of each epoch.

    Put it first: the callbacks after it find the scores in their logs, with
    `val_` before the names, and the learning rate; the last `predictions` are
    kept here.

    Args:
        every_number: The model that answers for all numbers at once, sharing
            its weights with the one in training.
        images: Array `(n, 28, 28, 1)`.
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
        for name in VALIDATION_SCORES:
            logs[f'val_{name}'] = scores[name]
        logs['learning_rate'] = float(self.model.optimizer.learning_rate)


class ProgressLog(keras.callbacks.Callback):
    """Keras's progress bar on a terminal, and one line an epoch everywhere."""

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
        epochs = self.params['epochs']
        print(
            f'epoch {epoch + 1:{len(str(epochs))}}/{epochs}  '
            f'loss {logs["loss"]:.4f}  '
            f'validation loss {logs["val_loss"]:.4f}  '
            f'digit {100 * logs["val_digit_accuracy"]:.2f} %  '
            f'sum {100 * logs["val_sum_accuracy"]:.2f} %  '
            f'joint {100 * logs["val_joint_accuracy"]:.2f} %  '
            f'({time.perf_counter() - self.began:.0f} s)',
            flush=True,
        )


class Checkpoint(keras.callbacks.Callback):
    """Saves the whole state of training at the end of each epoch.

    A checkpoint is one `.npz` file with every variable of model and optimizer,
    the state of the random layers too, and the history so far. It appears
    whole or not at all, and the file format has checksums.

    Beside them, `history.csv` follows.

    Args:
        directory: `pathlib.Path` of the run's folder.
        keep: How many of the newest to keep.

    Attributes:
        history: A list of dicts, one an epoch: what the logs said.
    """

    def __init__(self, directory, keep=2):
        super().__init__()
        self.directory = directory / 'checkpoints'
        self.history_path = directory / 'history.csv'
        self.keep = keep
        self.history = []

    def restore(self, model):
        """Brings back the newest checkpoint that is whole, starts the clock.

        Args:
            model: The compiled and built model to restore.

        Returns:
            The number of epochs done, 0 without a checkpoint.
        """
        self.began = time.perf_counter()
        for path in sorted(self.directory.glob('*.npz'), reverse=True):
            try:
                with open(path, 'rb') as file, np.load(file) as arrays:
                    state = dict(arrays)
            except (OSError, ValueError, EOFError, zipfile.BadZipFile):
                print(f'{path} is damaged; trying the checkpoint before it.')
                continue
            for i, variable in enumerate(_variables(model)):
                variable.assign(state[f'variable_{i}'])
            self.history = json.loads(state['history'].item())
            run_folder.write_csv(self.history_path, self.history)
            return len(self.history)
        return 0

    def on_epoch_end(self, epoch, logs):
        now = time.perf_counter()
        seconds, self.began = now - self.began, now
        self.history.append({'epoch': epoch + 1, 'seconds': seconds, **logs})
        state = {
            f'variable_{i}': keras.ops.convert_to_numpy(variable)
            for i, variable in enumerate(_variables(self.model))
        }
        path = self.directory / f'epoch_{epoch + 1:04}.npz'
        with run_folder.write_whole(path) as temporary:
            np.savez(temporary, history=json.dumps(self.history), **state)
        run_folder.write_csv(self.history_path, self.history)
        for old in sorted(self.directory.glob('*.npz'))[: -self.keep]:
            old.unlink()


def _variables(model):
    """Returns every variable that decides how training goes on."""
    return model.variables + model.optimizer.variables
