import dataclasses
import json

import pytest

from kerasadder.config import PRESETS
from kerasadder.config import TrainingConfig
from kerasadder.config import preset_config
from kerasadder.errors import UserError


def test_preset_sets_its_fields():
    config = preset_config('quick')
    assert config.preset == 'quick'
    assert config.epochs == PRESETS['quick']['epochs']


def test_override_beats_preset():
    config = preset_config('quick', epochs=7)
    assert config.epochs == 7
    assert config.trunk == PRESETS['quick']['trunk']


def test_presets_name_fields_only():
    fields = {field.name for field in dataclasses.fields(TrainingConfig)}
    for preset in PRESETS.values():
        assert set(preset) <= fields


@pytest.mark.parametrize(
    'field, value',
    [
        ('preset', 'slow'),
        ('epochs', 0),
        ('averaged_epochs', -1),
        ('averaged_epochs', 10),
        ('batch_size', -1),
        ('learning_rate', 0.0),
        ('learning_rate', float('nan')),
        ('learning_rate', float('inf')),
        ('optimizer', 'lamb'),
        ('weight_decay', -0.1),
        ('dropout', 1.0),
        ('dropout', -0.1),
        ('trunk', '32c5-64q3'),
        ('stochastic_depth', 1.0),
        ('rendered_share', 1.1),
        ('digit_loss_weight', -1.0),
        ('sum_loss_weight', float('nan')),
        ('seed', -1),
        ('seed', 2**31),
        ('mixed_precision', 'float8'),
        ('steps_per_execution', -1),
    ],
)
def test_bad_value_is_refused_in_one_line(field, value):
    with pytest.raises(UserError) as error:
        preset_config(**{field: value})
    assert f'--{field}=' in str(error.value)
    assert '\n' not in str(error.value)


def test_loss_weights_of_zero_are_refused():
    with pytest.raises(UserError, match='digit_loss_weight'):
        preset_config(digit_loss_weight=0.0, sum_loss_weight=0.0)


def test_asdict_is_what_json_brings_back():
    config = preset_config()
    assert json.loads(json.dumps(config.asdict())) == config.asdict()


def test_recipe_leaves_paths_out():
    here = preset_config(model_dir='a', data_dir='b', export_dir='c')
    assert here.recipe() == preset_config().recipe()
    assert here.recipe() != preset_config(seed=1).recipe()
