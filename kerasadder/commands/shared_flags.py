"""The flags that several commands have."""

import os

from absl import flags

from kerasadder.task import NUM_NUMBERS


def define_saved_model_flag():
    """Defines --saved_model, the shipped model by default."""
    return flags.DEFINE_string(
        'saved_model',
        os.path.join('saved_models', 'kerasadder', '1'),
        'Folder of a SavedModel version.',
    )


def define_number_flag():
    """Defines --number."""
    last = NUM_NUMBERS - 1
    return flags.DEFINE_integer(
        'number', None, f'What to add to the digit, 0-{last}.', 0, last
    )


def define_data_dir_flag():
    """Defines --data_dir."""
    return flags.DEFINE_string(
        'data_dir',
        None,
        "TFDS's folder of prepared datasets. [~/tensorflow_datasets]",
    )
