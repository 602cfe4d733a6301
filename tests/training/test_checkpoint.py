"""Tests that an interrupted run ends exactly as an uninterrupted one."""

import errno
import json
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest

from kerasadder.training import callbacks
from kerasadder.training import checkpoint
from kerasadder.training import compilation
from kerasadder.training.plan import plan_run
from tests.support.scripts import ROOT
from tests.support.small_runs import history
from tests.support.small_runs import read_events
from tests.support.small_runs import small_config
from tests.support.small_runs import train
from tests.support.small_runs import versions
from tests.support.small_runs import weights

# How often a test kills the process. Set the variable to kill more often.
KILLS = int(os.environ.get('KERASADDER_KILLS', '2'))
# The moments that `small_runs` prints, and how many seconds each may take.
DURATIONS = {'step': 0.1, 'validation': 0.1, 'checkpoint': 0.005, 'export': 2}


def assert_equal_runs(one, other):
    for a, b in zip(weights(one), weights(other), strict=True):
        np.testing.assert_array_equal(a, b)
    assert history(one) == history(other)
    summaries, others = scalars(one), scalars(other)
    assert summaries.keys() == others.keys()
    # pytest prints the tags that differ. All the scalars would be too long.
    assert [tag for tag in others if summaries[tag] != others[tag]] == []
    assert state(one) == state(other)
    assert tables(one) == tables(other)
    assert results(one) == results(other)
    assert versions(one / 'export') == versions(other / 'export') == ['1']


def state(directory):
    """Returns the arrays of the last checkpoint as bytes.

    They include the states of the optimizer and of the random layers.
    """
    newest = max((directory / 'run' / 'checkpoints').glob('*.npz'))
    with np.load(newest) as arrays:
        return {
            name: arrays[name].tobytes()
            for name in arrays
            if name != 'progress'
        }


def tables(directory):
    paths = (directory / 'run' / 'tables').iterdir()
    return {path.name: path.read_bytes() for path in paths}


def scalars(directory):
    found = {}
    for name in ('.', 'train', 'validation', 'test'):
        events = read_events(directory, name)
        for tag in events.Tags()['tensors']:
            found[name, tag] = [
                (e.step, e.tensor_proto.SerializeToString())
                for e in events.Tensors(tag)
                if tag != 'config'
            ]
    return found


def results(directory):
    metrics = json.loads((directory / 'run' / 'metrics.json').read_text())
    return metrics['validation'], metrics['test'], metrics['epochs']


def train_until(config, data, moment, monkeypatch, action):
    """Trains, and calls `action` after execution number `moment`."""
    log = callbacks.ProgressLog.on_train_batch_end
    seen = []

    def watched(self, batch, logs):
        log(self, batch, logs)
        seen.append(batch)
        if len(seen) == moment:
            action()

    monkeypatch.setattr(callbacks.ProgressLog, 'on_train_batch_end', watched)
    try:
        train(config, data)
    finally:
        monkeypatch.undo()


@pytest.fixture(scope='module')
def reference(stripes_data, tmp_path_factory):
    """Trains without interruption; returns the folder of the run."""
    directory = tmp_path_factory.mktemp('reference')
    config = small_config(directory, steps_per_execution=4)
    train(config, stripes_data)
    return directory


# An epoch has 40 steps: one signal comes in the middle of an epoch, and one at
# an end.
@pytest.mark.parametrize(
    ('number', 'step'),
    [
        (signal.SIGINT, 56),
        pytest.param(signal.SIGTERM, 80, marks=pytest.mark.slow),
    ],
)
def test_signal_stops_after_the_step_and_the_run_goes_on_exactly(
    reference, stripes_data, tmp_path, monkeypatch, number, step
):
    config = small_config(tmp_path, steps_per_execution=4)
    with pytest.raises(checkpoint.Stopped) as stopped:
        train_until(
            config,
            stripes_data,
            step // 4,
            monkeypatch,
            lambda: signal.raise_signal(number),
        )
    assert stopped.value.signal == number
    assert stopped.value.step == step
    newest = max((tmp_path / 'run' / 'checkpoints').iterdir())
    assert newest.name == f'step_{step:08}.npz'
    train(config, stripes_data)
    assert_equal_runs(tmp_path, reference)


SGD = {
    'optimizer': 'sgd',
    'weight_decay': 0.01,
    'epochs': 4,
    'averaged_epochs': 2,
    'steps_per_execution': 4,
}


@pytest.fixture(scope='module')
def reference_by_sgd(stripes_data, tmp_path_factory):
    directory = tmp_path_factory.mktemp('reference_by_sgd')
    train(small_config(directory, **SGD), stripes_data)
    return directory


# Each epoch has ten executions. The second and third epoch are averaged. The
# signals come before these epochs, during them, at their end and after them.
@pytest.mark.parametrize('moment', [9, 25, 30, 35])
@pytest.mark.slow
def test_run_by_sgd_with_averaged_weights_goes_on_exactly(
    reference_by_sgd, stripes_data, tmp_path, monkeypatch, moment
):
    config = small_config(tmp_path, **SGD)
    with pytest.raises(checkpoint.Stopped):
        train_until(
            config,
            stripes_data,
            moment,
            monkeypatch,
            lambda: signal.raise_signal(signal.SIGINT),
        )
    train(config, stripes_data)
    assert_equal_runs(tmp_path, reference_by_sgd)


@pytest.fixture(scope='module')
def cut_off(stripes_data, tmp_path_factory):
    """Trains until the disk is full, at the end of the third epoch.

    The checkpoints of the run are of steps 104 and 112. Its TensorBoard files
    have all 120 steps.

    Returns:
        The folder of the run.
    """
    directory = tmp_path_factory.mktemp('cut_off')
    config = small_config(directory, steps_per_execution=4, checkpoint_steps=8)
    savez = np.savez

    def until_full(path, **arrays):
        savez(path, **arrays)
        if path.name == '.partial-step_00000120.npz':
            os.truncate(path, 1000)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np, 'savez', until_full)
        with pytest.raises(OSError, match='No space left on device'):
            train(config, stripes_data)
    return directory


@pytest.fixture
def run_cut_off(cut_off, tmp_path):
    """Copies the run of `cut_off`, so that a test can change it.

    Returns:
        The configuration of the copy, and its newest checkpoint.
    """
    shutil.copytree(cut_off, tmp_path, dirs_exist_ok=True)
    paths = sorted((tmp_path / 'run' / 'checkpoints').iterdir())
    assert [p.name for p in paths] == ['step_00000104.npz', 'step_00000112.npz']
    return small_config(tmp_path, steps_per_execution=4), paths[-1]


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def empty(path):
    os.truncate(path, 0)


def flip_a_bit(path):
    """Flips a bit of a number, which only a checksum can detect."""
    with zipfile.ZipFile(path) as archive:
        largest = max(archive.infolist(), key=lambda info: info.file_size)
    content = bytearray(path.read_bytes())
    content[largest.header_offset + largest.file_size // 2] ^= 1
    path.write_bytes(content)


def flip_in_the_directory(offset):
    """Returns a function that flips a bit in the directory of a ZIP file.

    Args:
        offset: Place of the byte in the first entry of the directory.
    """

    def flip(path):
        content = bytearray(path.read_bytes())
        content[content.index(b'PK\x01\x02') + offset] ^= 1
        path.write_bytes(content)

    return flip


def lose_arrays(path):
    np.savez(path, progress='{}')


@pytest.mark.parametrize(
    'damage',
    [
        cut,
        empty,
        flip_a_bit,
        # The fields are the flags (a bit of them means encryption), the method,
        # the checksum, the offset and the name.
        *map(flip_in_the_directory, (8, 10, 16, 42, 46)),
        lose_arrays,
    ],
)
def test_damaged_checkpoint_gives_way_to_the_one_before(
    run_cut_off, capsys, damage
):
    config, newest = run_cut_off
    damage(newest)
    model = compilation.compiled_model(plan_run(config, steps_per_epoch=40))
    model.optimizer.build(model.trainable_variables)
    restored = checkpoint.Checkpoint(newest.parent.parent, steps_per_epoch=40)
    assert restored.restore(model) == 104
    assert capsys.readouterr().out.startswith(f'{newest} is damaged; ')


def test_run_goes_on_exactly_from_the_checkpoint_before(
    reference, run_cut_off, stripes_data, tmp_path
):
    config, newest = run_cut_off
    cut(newest)
    # A killed process may leave an event file that it had not finished.
    train_events = tmp_path / 'run' / 'tensorboard' / 'train'
    (train_events / 'events.out.tfevents.0.partial').touch()
    train(config, stripes_data)
    assert_equal_runs(tmp_path, reference)


def test_run_killed_after_its_export_does_not_export_twice(
    reference, stripes_data, tmp_path
):
    shutil.copytree(reference, tmp_path, dirs_exist_ok=True)
    # A run writes this file last, after the export.
    (tmp_path / 'run' / 'metrics.json').unlink()
    train(small_config(tmp_path, steps_per_execution=4), stripes_data)
    assert_equal_runs(tmp_path, reference)


def start(directory):
    return subprocess.Popen(
        [sys.executable, '-m', 'tests.support.small_runs', str(directory)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_at(process, moment, count, delay):
    """Kills a process after it has printed a moment `count` times.

    Args:
        process: The process.
        moment: The line that it prints.
        count: How often it must print the line.
        delay: Seconds from the last of these lines to the kill.
    """
    for line in process.stdout:
        count -= line.strip() == moment
        if count == 0:
            time.sleep(delay)
            process.kill()
            return


@pytest.mark.slow
def test_process_killed_at_random_moments_ends_as_one_that_was_not(
    reference, tmp_path
):
    # The seed does not come from `random`, because training seeds that module.
    seed = secrets.randbelow(10**6)
    print(f'seed {seed}')  # pytest shows it if the test fails
    rng = random.Random(seed)
    kills = dict.fromkeys(rng.sample(sorted(DURATIONS), len(DURATIONS)), 0)
    directory, finished = tmp_path / '0', 0
    while sum(kills.values()) < KILLS or not finished:
        process = start(directory)
        moment = min(kills, key=kills.get)
        if sum(kills.values()) < KILLS:
            # If fewer lines than this are left, the run finishes.
            count = 1 if moment == 'export' else rng.randint(1, 3)
            kill_at(process, moment, count, rng.uniform(0, DURATIONS[moment]))
        _, errors = process.communicate()
        if process.returncode == 0:
            assert_equal_runs(directory, reference)
            finished += 1
            directory = tmp_path / str(finished)
        else:
            assert process.returncode == -signal.SIGKILL, errors
            kills[moment] += 1
            print(f'killed at {moment}, half done:', half_done(directory))
    print(f'{kills}, {finished} runs finished')


def half_done(directory):
    """Returns the names of the files that a killed process was writing."""
    return [
        path.name
        for pattern in ('run/**/.partial-*', 'export/.export-*')
        for path in directory.glob(pattern)
    ]
