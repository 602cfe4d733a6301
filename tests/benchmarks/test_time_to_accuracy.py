"""The time to accuracy, and the plain network that it is compared with."""

import numpy as np
import pytest

from benchmarks import time_to_accuracy
from kerasadder.config import TrainingConfig
from kerasadder.data import batches
from kerasadder.errors import UserError
from kerasadder.training import compilation
from kerasadder.training.plan import plan_run
from tests.support.small_runs import SMALL

# What a training that is over leaves, for want of a training.
WRITE = (
    "import os, sys; os.mkdir('run'); open('run/metrics.json', 'w').write("
    '\'{"validation": {"digit_accuracy": 0.99, "sum_accuracy": 0.98, '
    '"seed": 0}}\')'
)


def compute_time(data, monkeypatch, digit, steps, muon=None):
    monkeypatch.setattr(time_to_accuracy, 'DIGIT_ACCURACY', digit)
    monkeypatch.setattr(time_to_accuracy, 'SUM_ACCURACY', 0.0)
    config = TrainingConfig(**SMALL)
    return time_to_accuracy.compute_time(
        config, data['train'], data['validation'], steps, muon
    )


@pytest.mark.slow
def test_accuracy_that_comes_is_timed_at_its_check(stripes_data, monkeypatch):
    muon = time_to_accuracy.FAST_MUON
    run = compute_time(stripes_data, monkeypatch, 0.99, steps=60, muon=muon)
    assert 5 * 64 < run['images'] < 60 * 64
    assert run['images'] % (5 * 64) == 0  # a check every five steps
    assert 0 < run['seconds'] < run['all_seconds']
    assert run['sum_accuracy'] > 0.5


@pytest.mark.slow
def test_accuracy_that_never_comes_has_no_time(stripes_data, monkeypatch):
    run = compute_time(stripes_data, monkeypatch, digit=1.1, steps=5)
    assert run['seconds'] is run['images'] is None
    assert run['all_seconds'] > 0


@pytest.mark.slow
def test_warming_up_is_undone(stripes_data):
    config = TrainingConfig(**SMALL, steps_per_execution=5)
    model = compilation.compiled_model(plan_run(config, 10))
    model.optimizer.build(model.trainable_variables)
    model.make_train_function()
    before = model.get_weights()
    stream = batches.training_batches(*stripes_data['train'], 64, 10, seed=0)
    time_to_accuracy._warm_up(model, stream)
    assert int(model.optimizer.iterations) == 0
    for value, variable in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(value, variable)


def test_summary_is_of_the_runs_that_were_accurate():
    runs = [
        {'seconds': 2.0, 'images': 100, 'digit_accuracy': 0.98},
        {'seconds': 4.0, 'images': 300, 'digit_accuracy': 0.99},
        {'seconds': None, 'images': None, 'digit_accuracy': 0.91},
    ]
    summary = time_to_accuracy.summary(runs)
    assert (summary['seeds'], summary['reached']) == (3, 2)
    assert (summary['seconds'], summary['images']) == (3.0, 200)
    assert summary['seconds_deviation'] == pytest.approx(2**0.5)
    assert summary['digit_accuracy'] == pytest.approx(0.96)
    assert time_to_accuracy.summary(runs[2:])['seconds'] is None


def test_process_is_timed_and_its_accuracies_read(monkeypatch):
    monkeypatch.setattr(time_to_accuracy, 'COMMAND', WRITE)
    run = time_to_accuracy.process_time('quick', 0)
    assert run['seconds'] > 0
    assert run['digit_accuracy'] == 0.99
    # 98.0 % of the sums is not enough.
    assert time_to_accuracy.summary([run])['reached'] == 0


def test_process_that_fails_is_an_error(monkeypatch):
    monkeypatch.setattr(time_to_accuracy, 'COMMAND', 'raise SystemExit("no")')
    with pytest.raises(UserError, match='kerasadder train failed: no'):
        time_to_accuracy.process_time('quick', 0)
