import dataclasses

import pytest

from kerasadder.config import TrainingConfig
from kerasadder.presets import PRESETS
from kerasadder.training import compilation


def test_presets_name_fields_only():
    fields = {field.name for field in dataclasses.fields(TrainingConfig)}
    for preset in PRESETS.values():
        assert set(preset) <= fields


@pytest.mark.parametrize('preset', PRESETS)
def test_preset_named_as_a_field_is_its_recipe(preset):
    config = TrainingConfig(preset=preset)
    for field, value in PRESETS[preset].items():
        assert getattr(config, field) == value


def test_tune_fits_the_shipped_model():
    assert compilation.initial_weights(TrainingConfig('tune'))
