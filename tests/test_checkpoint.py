"""A run that was cut off ends as an equal one that was not."""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from kerasadder import callbacks
from kerasadder import checkpoint
from kerasadder import run_folder
from kerasadder import training
from tests.small_runs import history
from tests.small_runs import read_events
from tests.small_runs import small_config
from tests.small_runs import weights

ROOT = pathlib.Path(__file__).parent.parent
# How often the process is killed: in the suite seldom, by hand often.
KILLS = int(os.environ.get('KERASADDER_KILLS', '2'))


def assert_equal_runs(one, other):
    for a, b in zip(weights(one), weights(other), strict=True):
        np.testing.assert_array_equal(a, b)
    assert history(one) == history(other)
    assert scalars(one) == scalars(other)
    assert state(one) == state(other)
    assert tables(one) == tables(other)
    assert results(one) == results(other)
    assert os.listdir(one / 'export') == os.listdir(other / 'export') == ['1']


def state(directory):
    """Returns the last checkpoint: optimizer and random layers too."""
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
    """Trains; does `action` after the execution that ends at `moment`."""
    log = callbacks.ProgressLog.on_train_batch_end
    seen = []

    def watched(self, batch, logs):
        log(self, batch, logs)
        seen.append(batch)
        if len(seen) == moment:
            action()

    monkeypatch.setattr(callbacks.ProgressLog, 'on_train_batch_end', watched)
    try:
        training.train(config, data)
    finally:
        monkeypatch.undo()


@pytest.fixture(scope='module')
def reference(stripes_data, tmp_path_factory):
    """The folder of a run that nobody disturbed."""
    directory = tmp_path_factory.mktemp('reference')
    config = small_config(directory, steps_per_execution=4)
    training.train(config, stripes_data)
    return directory


# An epoch has 40 steps: in its midst, at its end.
@pytest.mark.parametrize(
    ('number', 'step'), [(signal.SIGINT, 56), (signal.SIGTERM, 80)]
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
    training.train(config, stripes_data)
    assert_equal_runs(tmp_path, reference)


class Killed(Exception):
    pass


def kill():
    raise Killed


@pytest.mark.parametrize('damage', ['cut', 'bit'])
def test_damaged_checkpoint_gives_way_to_the_one_before(
    reference, stripes_data, tmp_path, monkeypatch, capsys, damage
):
    config = small_config(tmp_path, steps_per_execution=4, checkpoint_steps=8)
    with pytest.raises(Killed):
        train_until(config, stripes_data, 25, monkeypatch, kill)
    first, newest = sorted((tmp_path / 'run' / 'checkpoints').iterdir())
    assert (first.name, newest.name) == (
        'step_00000088.npz',
        'step_00000096.npz',
    )
    content = bytearray(newest.read_bytes())
    if damage == 'cut':
        del content[len(content) // 2 :]
    else:
        content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    training.train(config, stripes_data)
    assert f'{newest} is damaged' in capsys.readouterr().out
    assert_equal_runs(tmp_path, reference)


def test_run_killed_after_its_export_does_not_export_twice(
    reference, stripes_data, tmp_path, monkeypatch
):
    config = small_config(tmp_path, steps_per_execution=4)
    write_json = run_folder.write_json

    def killed(path, value):
        if path.name == 'metrics.json':
            raise Killed
        write_json(path, value)

    monkeypatch.setattr(run_folder, 'write_json', killed)
    with pytest.raises(Killed):
        training.train(config, stripes_data)
    monkeypatch.undo()
    training.train(config, stripes_data)
    assert_equal_runs(tmp_path, reference)


def start(directory):
    """Starts a run as a process; returns when it has opened its folder."""
    config = directory / 'run' / 'config.json'
    before = config.stat().st_mtime_ns if config.exists() else None
    process = subprocess.Popen(
        [sys.executable, '-m', 'tests.small_runs', str(directory)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    while process.poll() is None:
        if config.exists() and config.stat().st_mtime_ns != before:
            break
        time.sleep(0.01)
    return process


def test_process_killed_at_random_moments_ends_as_one_that_was_not(
    reference, tmp_path
):
    seed = random.randrange(10**6)
    print(f'seed {seed}')  # pytest shows it if the test fails
    delays = random.Random(seed)
    directory, kills, finished = tmp_path / '0', 0, 0
    while kills < KILLS or not finished:
        process = start(directory)
        if kills < KILLS:
            time.sleep(delays.uniform(0, 8))
            process.kill()
        _, errors = process.communicate()
        if process.returncode == 0:
            assert_equal_runs(directory, reference)
            finished += 1
            directory = tmp_path / str(finished)
        else:
            assert process.returncode == -signal.SIGKILL, errors.decode()
            kills += 1
    print(f'{kills} kills, {finished} runs finished')
