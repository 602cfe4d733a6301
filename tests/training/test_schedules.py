import pytest

from kerasadder.config import TrainingConfig
from kerasadder.training import compilation
from kerasadder.training import schedules
from kerasadder.training.plan import plan_run


def test_learning_rate_rises_then_falls_to_nothing():
    config = TrainingConfig(epochs=10, learning_rate=0.01)
    model = compilation.compiled_model(plan_run(config, steps_per_epoch=10))
    schedule = model.optimizer._learning_rate
    rates = [float(schedule(step)) for step in range(101)]
    assert rates[0] == pytest.approx(0.01 / 25)
    assert max(rates) == rates[20] == pytest.approx(0.01)
    assert rates[100] == pytest.approx(0, abs=1e-9)
    assert sorted(rates[:21]) == rates[:21]
    assert sorted(rates[20:], reverse=True) == rates[20:]


def test_learning_rate_is_constant_while_weights_are_averaged():
    config = TrainingConfig(epochs=10, averaged_epochs=3, learning_rate=0.01)
    model = compilation.compiled_model(plan_run(config, steps_per_epoch=10))
    schedule = model.optimizer._learning_rate
    rates = [float(schedule(step)) for step in range(100)]
    cycle = schedules.one_cycle(0.01, 60)
    assert rates[:60] == [float(cycle(step)) for step in range(60)]
    assert rates[60:90] == pytest.approx([0.01 / 4] * 30)
    assert rates[90:] == [0] * 10
