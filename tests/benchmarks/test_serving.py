"""The measuring of requests."""

import pytest

from benchmarks import serving


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


def test_calls_are_timed_in_turns(monkeypatch):
    now, order = [0.0], []
    monkeypatch.setattr(serving.time, 'perf_counter', lambda: now[0])

    def ask(name, took):
        order.append(name)
        now[0] += took

    took = serving.in_turns(
        {
            'tensorflow': lambda: ask('tensorflow', 0.3),
            'onnx': lambda: ask('onnx', 0.2),
        },
        seconds=5,
    )
    assert order == ['tensorflow', 'onnx'] * (len(order) // 2)
    assert took == {
        'tensorflow': pytest.approx(0.3),
        'onnx': pytest.approx(0.2),
    }
