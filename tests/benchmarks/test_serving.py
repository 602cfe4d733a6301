"""Tests how requests are timed."""

import numpy as np
import pytest

from benchmarks import serving
from kerasadder.serving import formats
from kerasadder.serving import model_files


def test_latencies_are_of_the_calls_after_warming_up(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(serving.time, 'perf_counter', lambda: now[0])
    took = iter([9.0] * serving.WARM_UP + [0.1] * 99 + [2.0])

    def ask():
        now[0] += next(took)

    figures = serving.latencies(ask, batch=32, seconds=9.95)
    assert figures['requests_per_second'] == pytest.approx(100 / 11.9)
    assert figures['images_per_second'] == pytest.approx(3200 / 11.9)
    assert figures['p50_ms'] == pytest.approx(100)
    # Between the 99th and the 100th of 100 calls.
    assert 100 < figures['p99_ms'] < 2000


def test_second_half_of_each_turn_counts(monkeypatch):
    now, order = [0.0], []
    monkeypatch.setattr(serving.time, 'perf_counter', lambda: now[0])

    def ask(name, first, later):
        # Nine calls fill the first half of a turn.
        is_first = not order or order[-1][0] != name
        calls = 1 if is_first else order[-1][1] + 1
        order.append((name, calls))
        now[0] += first if calls <= 9 else later

    took = serving.in_turns(
        {
            'tensorflow': lambda: ask('tensorflow', 0.02, 0.05),
            'onnx': lambda: ask('onnx', 0.02, 0.04),
        },
        seconds=5,
    )
    assert took == {
        'tensorflow': pytest.approx(0.05),
        'onnx': pytest.approx(0.04),
    }
    turns = [name for name, calls in order if calls == 1]
    assert turns == ['tensorflow', 'onnx'] * (len(turns) // 2)
    assert len(turns) >= 10


def test_calls_that_outlast_their_turn_are_timed(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(serving.time, 'perf_counter', lambda: now[0])

    def ask():
        now[0] += 3

    assert serving.in_turns({'slow': ask}, seconds=0) == {'slow': 3}
    assert now == [6]


@pytest.mark.slow
def test_parts_of_a_call_are_timed_beside_onnx_runtime(exported, tmp_path):
    images = np.zeros((256, 28, 28, 1), np.uint8)
    path = tmp_path / 'model.onnx'
    formats.export_file(model_files.load_model(exported), path, images[:20])
    figures = serving.against_onnx(exported, path, images, seconds=0)
    assert list(figures) == ['1 images', '32 images', '256 images']
    for took in figures.values():
        network = took['network_ms']
        assert 0 < took['nothing_ms'] < network
        assert took['ratio'] == pytest.approx(
            took['serving_default_ms'] / took['onnx_runtime_ms']
        )
