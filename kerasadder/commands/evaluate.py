"""Evaluates a model on the test images, each with every one of ten numbers."""

import json

from absl import flags

from kerasadder.commands import runner
from kerasadder.commands import shared_flags
from kerasadder.errors import UserError


def define_flags(given: flags.FlagValues) -> None:
    shared_flags.define_saved_model_flag(given)
    flags.DEFINE_string(
        'model',
        None,
        'Evaluate this .keras, .onnx or .tflite file instead.',
        flag_values=given,
    )
    flags.DEFINE_string(
        'dataset',
        'mnist',
        "TFDS's name of a dataset, or a folder of IDX files or pictures.",
        flag_values=given,
    )
    shared_flags.define_data_dir_flag(given)
    flags.DEFINE_bool(
        'json', False, 'Print one JSON object and no table.', flag_values=given
    )


def main(given: flags.FlagValues, unused_arguments: list[str]) -> int | None:
    from kerasadder import evaluation
    from kerasadder.data import splits
    from kerasadder.serving import formats
    from kerasadder.serving import model_files

    if given.model and given.model.endswith(formats.SUFFIXES):
        with runner.native_stderr_closed():  # the runtimes' chatter
            every_number = formats.load_every_number(given.model)
    elif given.model:
        every_number = evaluation.every_number_function(
            model_files.load_model(given.model)
        )
    else:
        every_number = model_files.load_saved_model(given.saved_model)
    (test,) = splits.load('test', name=given.dataset, data_dir=given.data_dir)
    scores = evaluation.evaluate(every_number, *test)
    print(json.dumps(scores) if given.json else evaluation.report(scores))


def check(given: flags.FlagValues, arguments: list[str]) -> None:
    runner.refuse_arguments(arguments)
    if given.model and given['saved_model'].present:
        raise UserError('--model and --saved_model: give one of them.')
