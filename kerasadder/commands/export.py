"""Exports a trained .keras file as the next version of a SavedModel."""

import os

from absl import flags

from kerasadder.commands import runner
from kerasadder.errors import UserError


def define_flags(given: flags.FlagValues) -> None:
    flags.DEFINE_string(
        'model',
        None,
        'The .keras file, as training leaves it in its folder.',
        flag_values=given,
    )
    flags.DEFINE_string(
        'export_dir',
        os.path.join('saved_models', 'kerasadder'),
        "The SavedModel's folder; a new version goes in.",
        flag_values=given,
    )


def main(given: flags.FlagValues, unused_arguments: list[str]) -> int | None:
    from kerasadder.serving import export
    from kerasadder.serving import model_files

    model = model_files.load_model(given.model)
    print(export.export_saved_model(model, given.export_dir))


def check(given: flags.FlagValues, arguments: list[str]) -> None:
    runner.refuse_arguments(arguments)
    if given.model is None:
        raise UserError('no --model: name the .keras file to export.')
