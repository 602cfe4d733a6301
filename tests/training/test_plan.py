import pytest
import tensorflow as tf

from kerasadder.config import TrainingConfig
from kerasadder.errors import UserError
from kerasadder.training import compilation
from kerasadder.training import plan
from kerasadder.training.plan import plan_run


def test_steps_per_execution_divides_the_epoch():
    for steps, expected in ((429, 39), (859, 1), (64, 64), (1, 1)):
        model = compilation.compiled_model(plan_run(TrainingConfig(), steps))
        assert model.steps_per_execution == expected


def test_steps_per_execution_that_would_blur_epochs_is_refused():
    config = TrainingConfig(steps_per_execution=32)
    with pytest.raises(UserError, match=r'steps_per_execution=32.*429.*39'):
        plan_run(config, steps_per_epoch=429)


@pytest.mark.parametrize(
    ('flags', 'policy'),
    [
        ({'fpu', 'avx512_bf16'}, 'mixed_bfloat16'),
        ({'fpu', 'amx_bf16'}, 'mixed_bfloat16'),
        ({'fpu', 'avx2'}, 'float32'),
        (set(), 'float32'),
    ],
)
def test_auto_is_bfloat16_where_the_cpu_has_it(flags, policy, monkeypatch):
    monkeypatch.setattr(plan, '_cpu_flags', lambda: flags)
    assert plan_run(TrainingConfig(), steps_per_epoch=1).precision == policy


def test_auto_is_float32_on_a_gpu(monkeypatch):
    monkeypatch.setattr(plan, '_cpu_flags', lambda: {'amx_bf16'})
    monkeypatch.setattr(tf.config, 'list_physical_devices', lambda kind: [kind])
    assert plan_run(TrainingConfig(), 1).precision == 'float32'
