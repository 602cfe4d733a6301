"""The flags that several commands have."""

from absl import flags

from kerasadder.serving.shipped import SHIPPED
from kerasadder.task import NUM_NUMBERS


def define_saved_model_flag(given: flags.FlagValues) -> None:
    """Defines --saved_model, the shipped model by default."""
    flags.DEFINE_string(
        'saved_model',
        str(SHIPPED),
        'Folder of a SavedModel version. [the shipped model]',
        given,
    )


def define_number_flag(given: flags.FlagValues) -> None:
    """Defines --number."""
    last = NUM_NUMBERS - 1
    flags.DEFINE_integer(
        'number',
        None,
        f'Number to add to the digit, 0-{last}.',
        0,
        last,
        flag_values=given,
    )


def define_data_dir_flag(given: flags.FlagValues) -> None:
    """Defines --data_dir."""
    flags.DEFINE_string(
        'data_dir',
        None,
        "TFDS's folder of prepared datasets. [~/tensorflow_datasets]",
        given,
    )


def define_json_flag(given: flags.FlagValues, what: str) -> None:
    """Defines --json."""
    flags.DEFINE_bool('json', False, f'Print one JSON object {what}.', given)
