"""The flags of a training run: one for each field of its configuration."""

import dataclasses

from absl import flags

from kerasadder.config import TrainingConfig
from kerasadder.presets import PRESETS

_DEFINE = {
    bool: flags.DEFINE_bool,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
}


def define_flags(given: flags.FlagValues) -> None:
    """Defines an absl flag for each field of `TrainingConfig`."""
    for field in dataclasses.fields(TrainingConfig):
        help = field.metadata['help']
        if field.default not in (None, ''):
            help += f' [{field.default}'
            for name, fields in PRESETS.items():
                if field.name in fields:
                    help += f'; {name}: {fields[field.name]}'
            help += ']'
        # Every flag is None until given, so that the preset shows through.
        if 'one_of' in field.metadata or field.name == 'preset':
            flags.DEFINE_enum(
                field.name,
                None,
                field.metadata.get('one_of', PRESETS),
                help,
                flag_values=given,
            )
        else:
            define = _DEFINE.get(field.type, flags.DEFINE_string)
            define(field.name, None, help, flag_values=given)


def config_from_flags(given: flags.FlagValues) -> TrainingConfig:
    """Returns the `TrainingConfig` that the parsed flags ask for.

    Raises:
        UserError: If a flag's value is out of range.
    """
    fields = {
        field.name: given[field.name].value
        for field in dataclasses.fields(TrainingConfig)
        if given[field.name].value is not None
    }
    return TrainingConfig(**fields)
