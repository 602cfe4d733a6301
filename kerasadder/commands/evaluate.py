"""Evaluates a model on the test images, each with every one of ten numbers."""

import json

from absl import flags

from kerasadder.commands import runner
from kerasadder.commands import shared_flags
from kerasadder.errors import UserError

_SAVED_MODEL = shared_flags.define_saved_model_flag()
_MODEL = flags.DEFINE_string('model', None, 'A .keras file instead.')
_DATASET = flags.DEFINE_string(
    'dataset', 'mnist', "TFDS's name of a dataset, or a folder of IDX files."
)
_DATA_DIR = shared_flags.define_data_dir_flag()
_JSON = flags.DEFINE_bool('json', False, 'Print one JSON object and no table.')


def main(unused_arguments):
    from kerasadder import evaluation
    from kerasadder.data import splits
    from kerasadder.serving import model_files

    if _MODEL.value:
        every_number = evaluation.every_number_function(
            model_files.load_keras_model(_MODEL.value)
        )
    else:
        every_number = model_files.load_saved_model(_SAVED_MODEL.value)
    (test,) = splits.load('test', name=_DATASET.value, data_dir=_DATA_DIR.value)
    scores = evaluation.evaluate(every_number, *test)
    print(json.dumps(scores) if _JSON.value else evaluation.report(scores))


def check(arguments):
    runner.refuse_arguments(arguments)
    if _MODEL.value and _SAVED_MODEL.present:
        raise UserError('--model and --saved_model: give one of them.')
