"""Saves the whole state of a run, so that the run can resume exactly."""

import contextlib
import json
import signal
import threading
import time
import zipfile
import zlib

import keras
import numpy as np

from kerasadder import files
from kerasadder.errors import Diverged

# What NumPy raises for a file that is cut or has a bit changed somewhere.
DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    RuntimeError,  # NotImplementedError too
    zipfile.BadZipFile,
    zlib.error,
)


class Stopped(Exception):
    """Says that a signal ended a run early, with everything saved.

    Attributes:
        signal: The `signal.Signals`.
        folder: `pathlib.Path` of the run's folder.
        step: Steps done.
    """

    def __init__(self, signal_number, folder, step):
        super().__init__(signal_number)
        self.signal = signal.Signals(signal_number)
        self.folder = folder
        self.step = step


class Checkpoint(keras.callbacks.Callback):
    """Saves the state of training at the end of each epoch, or more often.

    A checkpoint is one `.npz` file. It holds every variable of model, optimizer
    and metrics, the state of the random layers too, and the history so far. It
    appears whole or not at all, and the file format has checksums.

    If a weight is not a finite number, it ends the run and saves nothing. (The
    loss need not show that: ReLU makes 0 of NaN in some kernels.)

    It writes `history.csv` too. Put it last, because an epoch is done once it
    is saved.

    Args:
        folder: `pathlib.Path` of the run's folder.
        steps_per_epoch: Steps of a whole epoch.
        steps: Steps between checkpoints within an epoch; 0 for none.
        others: Further variables to save, as those of `WeightAveraging`.
        keep: Number of the newest checkpoints to keep.

    Attributes:
        history: A list of the logs, a dict for each epoch.
    """

    def __init__(self, folder, steps_per_epoch, steps=0, others=(), keep=2):
        super().__init__()
        self.folder = folder
        self.directory = folder / 'checkpoints'
        self.steps_per_epoch = steps_per_epoch
        self.steps = steps
        self.others = others
        self.keep = keep
        self.history = []
        self.step = self.saved_step = 0
        self.seconds = 0.0
        self.signal = None
        self._metrics = None

    def restore(self, model):
        """Restores the newest checkpoint that is whole, and starts the clock.

        Args:
            model: The compiled and built model to restore.

        Returns:
            The number of steps done, 0 without a checkpoint.
        """
        self.began = time.perf_counter()
        for path in sorted(self.directory.glob('*.npz'), reverse=True):
            variables = _named('variable', self._variables(model))
            try:
                with open(path, 'rb') as file, np.load(file) as arrays:
                    state = dict(arrays)
                progress = json.loads(state['progress'].item())
                values = [state[name] for name, _ in variables]
            except DAMAGED:
                print(f'{path} is damaged; trying the checkpoint before it.')
                continue
            for (_, variable), value in zip(variables, values):
                variable.assign(value)
            self._metrics = state
            self.step = self.saved_step = progress['step']
            self.seconds = progress['seconds']
            self.history = progress['history']
            if self.history:
                self._write_history()
            break
        return self.step

    @contextlib.contextmanager
    def stopping_on_signals(self):
        """Makes SIGINT and SIGTERM end `fit` after a step, by `Stopped`."""
        if threading.current_thread() is not threading.main_thread():
            yield  # only there can handlers be set
            return

        def note(number, frame):
            self.signal = number

        numbers = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(number, note) for number in numbers]
        try:
            yield
        finally:
            for number, handler in zip(numbers, before):
                signal.signal(number, handler)

    def on_epoch_begin(self, epoch, logs=None):
        if self.step % self.steps_per_epoch:
            # The rest of an epoch: its means go on from where they were.
            for name, variable in _named('metric', self._metric_variables()):
                variable.assign(self._metrics[name])
        self.first_step = self.step

    def on_train_batch_end(self, batch, logs=None):
        self.step = self.first_step + batch + 1
        if self.step % self.steps_per_epoch == 0:
            return  # the epoch's end saves
        due = self.steps and self.step - self.saved_step >= self.steps
        if due or self.signal:
            self._save()
            self._stop_on_signal()

    def on_epoch_end(self, epoch, logs):
        self.history.append(
            {'epoch': epoch + 1, 'seconds': self._elapsed(), **logs}
        )
        self.seconds, self.began = 0.0, time.perf_counter()
        self._save()
        self._write_history()
        self._stop_on_signal()

    def _elapsed(self):
        return self.seconds + time.perf_counter() - self.began

    def _save(self):
        state = {
            name: keras.ops.convert_to_numpy(variable)
            for kind, variables in (
                ('variable', self._variables(self.model)),
                ('metric', self._metric_variables()),
            )
            for name, variable in _named(kind, variables)
        }
        if not all(map(_finite, state.values())):
            raise Diverged('the weights are not finite', self.step)
        progress = {
            'step': self.step,
            'seconds': self._elapsed(),
            'history': self.history,
        }
        path = self.directory / f'step_{self.step:08}.npz'
        with files.write_whole(path) as temporary:
            np.savez(temporary, progress=json.dumps(progress), **state)
        self.saved_step = self.step
        for old in sorted(self.directory.glob('*.npz'))[: -self.keep]:
            old.unlink()

    def _variables(self, model):
        return model.variables + model.optimizer.variables + list(self.others)

    def _metric_variables(self):
        return [v for metric in self.model.metrics for v in metric.variables]

    def _write_history(self):
        files.write_csv(self.folder / 'history.csv', self.history)

    def _stop_on_signal(self):
        if self.signal:
            raise Stopped(self.signal, self.folder, self.step)


def _finite(array):
    return array.dtype.kind in 'iub' or bool(np.isfinite(array).all())


def _named(kind, variables):
    return [(f'{kind}_{i}', variable) for i, variable in enumerate(variables)]
