"""Exports a trained .keras file as the next version of a SavedModel."""

import os

from absl import flags

from kerasadder.commands import runner
from kerasadder.errors import UserError

_MODEL = flags.DEFINE_string(
    'model', None, 'The .keras file, as training leaves it in its folder.'
)
_EXPORT_DIR = flags.DEFINE_string(
    'export_dir',
    os.path.join('saved_models', 'kerasadder'),
    "The SavedModel's folder; a new version goes in.",
)


def main(unused_arguments):
    from kerasadder.serving import export
    from kerasadder.serving import model_files

    model = model_files.load_keras_model(_MODEL.value)
    print(export.export_saved_model(model, _EXPORT_DIR.value))


def check(arguments):
    runner.refuse_arguments(arguments)
    if _MODEL.value is None:
        raise UserError('no --model: name the .keras file to export.')
