import dataclasses
import json

import pytest

from kerasadder.config import TrainingConfig
from kerasadder.errors import UserError
from kerasadder.presets import PRESETS


def test_preset_sets_its_fields():
    config = TrainingConfig('quick')
    assert config.preset == 'quick'
    assert config.epochs == PRESETS['quick']['epochs']


def test_override_beats_preset():
    config = TrainingConfig('quick', epochs=7)
    assert config.epochs == 7
    assert config.trunk == PRESETS['quick']['trunk']


@pytest.mark.parametrize(
    'field, value',
    [
        ('preset', 'slow'),
        ('epochs', 0),
        ('averaged_epochs', -1),
        ('averaged_epochs', 12),
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
        ('drawn_share', -0.1),
        ('digit_loss_weight', -1.0),
        ('sum_loss_weight', float('nan')),
        ('mnist_images', -1),
        ('mnist_images', 60_001),
        ('seed', -1),
        ('seed', 2**31),
        ('mixed_precision', 'float8'),
        ('steps_per_execution', -1),
    ],
)
def test_bad_value_is_refused_in_one_line(field, value):
    with pytest.raises(UserError) as error:
        TrainingConfig(**{field: value})
    assert f'{field}=' in str(error.value)
    assert '\n' not in str(error.value)


def test_loss_weights_of_zero_are_refused():
    with pytest.raises(UserError, match='digit_loss_weight'):
        TrainingConfig(digit_loss_weight=0.0, sum_loss_weight=0.0)


def test_trunk_of_random_weights_is_not_frozen():
    with pytest.raises(UserError, match=r'freeze_trunk.*init'):
        TrainingConfig(freeze_trunk=True)
    assert TrainingConfig(freeze_trunk=True, init='shipped').freeze_trunk


def test_asdict_is_what_json_brings_back():
    config = TrainingConfig()
    assert json.loads(json.dumps(config.asdict())) == config.asdict()


def test_recipe_leaves_paths_out():
    here = TrainingConfig(model_dir='a', data_dir='b', export_dir='c')
    assert here.recipe() == TrainingConfig().recipe()
    assert here.recipe() != TrainingConfig(seed=1).recipe()


def test_unknown_field_is_refused():
    with pytest.raises(TypeError, match='epoch'):
        TrainingConfig(epoch=3)


def test_replacing_a_field_keeps_the_others():
    config = TrainingConfig('best', epochs=40)
    replaced = dataclasses.replace(config, seed=1)
    assert replaced.asdict() == {**config.asdict(), 'seed': 1}
