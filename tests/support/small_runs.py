"""Runs short trainings, and reads the files that they write.

`python -m tests.support.small_runs DIR` trains in a process that a test kills.
The process prints a line at each moment when a kill could do damage.
"""

import contextlib
import itertools
import pathlib
import sys
import time
from unittest import mock

import keras
import numpy as np
from tensorboard.backend.event_processing import event_accumulator

from kerasadder import files
from kerasadder.config import TrainingConfig
from kerasadder.plots import addition_table
from kerasadder.plots import image_grids
from kerasadder.plots import scores
from kerasadder.plots import style
from kerasadder.serving import signatures
from kerasadder.training import run
from kerasadder.training import run_figures
from tests.support.models import black_readings

SMALL = {
    'epochs': 3,
    'batch_size': 64,
    'learning_rate': 0.02,
    'trunk': '4c5p-16c5p',
    'dropout': 0.2,
}


def small_config(directory, **overrides):
    directories = {
        'model_dir': str(directory / 'run'),
        'export_dir': str(directory / 'export'),
    }
    return TrainingConfig(**{**SMALL, **directories, **overrides})


def train(config, data, strategy=None):
    """Trains without figures, and exports a graph that reads no pictures.

    Drawing and tracing the reading of pictures take twice as long as the rest
    of a small run. The fixture `run` does both.
    """
    with contextlib.ExitStack() as stack:
        for owner, name, value in (
            (run_figures, 'draw', _nothing),
            (addition_table, 'addition_table', _nothing),
            (image_grids, 'predictions_grid', _nothing),
            (scores, 'confusion_matrices', _nothing),
            (style, 'pixels', lambda _: np.zeros((1, 1, 4), np.uint8)),
            (signatures, 'normalize_pictures', black_readings),
        ):
            stack.enter_context(mock.patch.object(owner, name, value))
        return run.train(config, data, strategy)


def _nothing(*unused_arguments, **unused_by_name):
    pass


def weights(directory):
    return keras.models.load_model(
        directory / 'run' / 'model.keras'
    ).get_weights()


def history(directory):
    """Reads history.csv; returns its lines without the column of seconds."""
    lines = (directory / 'run' / 'history.csv').read_text().splitlines()
    return [line.split(',')[:1] + line.split(',')[2:] for line in lines]


def read_events(directory, name):
    events = event_accumulator.EventAccumulator(
        str(directory / 'run' / 'tensorboard' / name),
        size_guidance={event_accumulator.TENSORS: 0},
    )
    return events.Reload()


def versions(folder):
    """Returns the names in an export folder, without the lock file."""
    return sorted(p.name for p in folder.iterdir() if p.name != files.LOCK)


def tell(moment, owner, name, every=1):
    """Makes a function print a line before it runs, and wait for the kill.

    Args:
        moment: The line to print.
        owner: The module or class of the function.
        name: Name of the function.
        every: Print only at each call whose count is a multiple of this.
    """
    function = getattr(owner, name)
    calls = itertools.count(1)

    def told(*args, **kwargs):
        if next(calls) % every == 0:
            print(moment, flush=True)
            time.sleep(0.005)
        return function(*args, **kwargs)

    setattr(owner, name, told)


if __name__ == '__main__':
    from kerasadder.serving import export
    from kerasadder.training import callbacks
    from tests.support.stripes import stripes

    tell('step', callbacks.ProgressLog, 'on_train_batch_end')
    tell('validation', callbacks.ExhaustiveValidation, 'on_epoch_end')
    # A checkpoint has about 45 arrays, so this is in the middle of writing one.
    tell('checkpoint', np.lib.format, 'write_array', every=30)
    tell('export', export, '_write')

    data = {
        'train': stripes(2560, seed=0),
        'validation': stripes(100, seed=1),
        'test': stripes(200, seed=2),
    }
    config = small_config(
        pathlib.Path(sys.argv[1]), steps_per_execution=4, checkpoint_steps=4
    )
    train(config, data)
