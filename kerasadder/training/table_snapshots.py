"""The learned addition table, noted as training goes on."""

import math
import pathlib

import keras
import numpy as np

from kerasadder import files
from kerasadder.training.callbacks import steps_done

NOTE_GROWTH = 1.15  # of the steps, from one note of the table to the next


class TableNotes(keras.callbacks.Callback):
    """Notes the learned addition table as training goes on.

    Before the first step, after the last, and between them ever more seldom:
    each time the steps done have grown by about 15 %, for the table is learned
    early. A note is a file, `step_<n>.npy`, and depends on nothing but recipe
    and step: a run that goes on from a checkpoint writes what it would have
    written. Put it before the checkpoint, so that none is missing.

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
