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


def test_second_half_of_each_turn_counts(monkeypatch):
    now, order = [0.0], []
    monkeypatch.setattr(serving.time, 'perf_counter', lambda: now[0])

    def ask(name, first, later):
        # The threads of the other one still spin in the first half.
        is_first = not order or order[-1][0] != name
        calls = 1 if is_first else order[-1][1] + 1
        order.append((name, calls))
        now[0] += first if calls <= 2 else later

    took = serving.in_turns(
        {
            'tensorflow': lambda: ask('tensorflow', 0.09, 0.03),
            'onnx': lambda: ask('onnx', 0.02, 0.02),
        },
        seconds=5,
    )
    assert took == {
        'tensorflow': pytest.approx(0.03),
        'onnx': pytest.approx(0.02),
    }
    turns = [name for name, calls in order if calls == 1]
    assert turns == ['tensorflow', 'onnx'] * (len(turns) // 2)
    assert len(turns) >= 10
