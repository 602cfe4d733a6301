"""Takes snapshots of the learned addition table as training goes on."""

import math
import pathlib

import keras
import numpy as np

from kerasadder import files
from kerasadder.training.callbacks import steps_done

NOTE_GROWTH = 1.15  # of the steps, from one snapshot to the next


class TableNotes(keras.callbacks.Callback):
    """Takes snapshots of the learned addition table as training goes on.

    It takes one before the first step and one after the last. Between them it
    takes one each time the steps done have grown by about 15 %, because the
    table is learned early. A snapshot is a file, `step_<n>.npy`. It depends on
    recipe and step alone, so a resumed run writes the same files. Put it before
    the checkpoint, so that none is missing.

    Args:
        directory: `pathlib.Path` to write to.
        last_step: Steps of the whole run.
    """

    def __init__(self, directory, last_step):
        super().__init__()
        self.directory = directory
        self.last_step = last_step

    def on_train_begin(self, logs=None):
        self.step = steps_done(self.model)
        if self.step == 0:
            self._note()

    def on_train_batch_end(self, batch, logs=None):
        before, self.step = self.step, steps_done(self.model)
        grown = _notes_until(before) < _notes_until(self.step)
        if grown or self.step == self.last_step:
            self._note()

    def _note(self):
        table = self.model.get_layer('addition_table').log_table()
        path = self.directory / f'step_{self.step:08}.npy'
        with (
            files.write_whole(path) as temporary,
            open(temporary, 'wb') as file,
        ):
            np.save(file, keras.ops.convert_to_numpy(table))


def _notes_until(step):
    """Returns the number of powers of `NOTE_GROWTH` in 1..step."""
    return 1 + math.floor(math.log(step, NOTE_GROWTH)) if step else 0


def read_table_notes(directory: pathlib.Path) -> dict[int, np.ndarray]:
    """Returns what `TableNotes` wrote.

    Args:
        directory: `pathlib.Path` it wrote to.

    Returns:
        A dict from step to array `(10, 10, 19)`, log P(sum | digit, number).
    """
    return {
        int(path.stem.removeprefix('step_')): np.load(path)
        for path in sorted(directory.glob('step_*.npy'))
    }
