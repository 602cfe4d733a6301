import dataclasses

import pytest

from kerasadder.config import TrainingConfig
from kerasadder.presets import PRESETS


def test_presets_name_fields_only():
    fields = {field.name for field in dataclasses.fields(TrainingConfig)}
    for preset in PRESETS.values():
        assert set(preset) <= fields


@pytest.mark.parametrize('preset', PRESETS)
def test_preset_named_as_a_field_is_its_recipe(preset):
    config = TrainingConfig(preset=preset)
    for field, value in PRESETS[preset].items():
        assert getattr(config, field) == value


def test_tune_has_the_trunk_of_the_model_that_it_starts_from():
    assert PRESETS['tune']['trunk'] == PRESETS['best']['trunk']
