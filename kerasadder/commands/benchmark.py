"""Measures this machine: benchmark pipeline|training|evaluation|soak.

pipeline: fit on the pipeline against fit on one resident batch, side by side.
training: images per second of fit, and the share of the machine's GEMM peak.
evaluation: the exhaustive evaluation of the 10,000 test images.
soak: good and bad requests at the exported model for --minutes, behind the
tests' double of TensorFlow Serving; exit status 1 if it fails.
"""

import json
import pathlib
import sys

from absl import flags

from kerasadder import command_line
from kerasadder import config as config_lib
from kerasadder.errors import UserError

SUBCOMMANDS = ('pipeline', 'training', 'evaluation', 'soak')
GROWTH = 0.05  # of resident memory in a soak
_PRESETS = flags.DEFINE_list(
    'presets', ['quick', 'default', 'best'], 'Presets to measure.'
)
_ROUNDS = flags.DEFINE_integer(
    'rounds', 9, 'Timings of each; medians are reported.', lower_bound=2
)
_MINUTES = flags.DEFINE_float(
    'minutes', 10.0, 'How long to soak.', lower_bound=0.01
)
_SAVED_MODEL = command_line.define_saved_model_flag()
_DATA_DIR = command_line.define_data_dir_flag()
_JSON = flags.DEFINE_bool('json', False, 'Print one JSON object and no table.')


def main(arguments):
    from kerasadder import benchmark
    from kerasadder import dataset

    (subcommand,) = arguments
    if subcommand == 'soak':
        return _soak(benchmark.machine())
    train, (images, _) = dataset.load('train', 'test', data_dir=_DATA_DIR.value)
    measure = {
        'pipeline': lambda config: benchmark.pipeline(
            config, train, _ROUNDS.value
        ),
        'training': lambda config: benchmark.fit(config, train, _ROUNDS.value),
        'evaluation': lambda config: benchmark.evaluate(
            config, images, _ROUNDS.value
        ),
    }[subcommand]
    result = {'benchmark': subcommand, 'machine': benchmark.machine()}
    for preset in _PRESETS.value:
        result[preset] = measure(config_lib.preset_config(preset))
        if not _JSON.value:
            print(preset)
            for name, value in result[preset].items():
                print(f'  {name:<24}{value:>16,.4g}')
    if _JSON.value:
        print(json.dumps(result))
    else:
        print(', '.join(f'{k} {v}' for k, v in result['machine'].items()))


def _soak(machine):
    # The doubles are for tests, and in the checkout alone.
    sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))
    from tests.soak import soak

    result = soak(_SAVED_MODEL.value, _MINUTES.value)
    if _JSON.value:
        print(json.dumps({'benchmark': 'soak', 'machine': machine, **result}))
    else:
        for name, value in result.items():
            print(f'{name:<24}{value:>12,.4g}')
    wrong = result['wrong_answers'] + result['not_refused']
    return 1 if wrong or result['growth'] > GROWTH else 0


def check(arguments):
    if len(arguments) != 1 or arguments[0] not in SUBCOMMANDS:
        raise UserError(f'say what to measure: {", ".join(SUBCOMMANDS)}.')
    for preset in _PRESETS.value:
        config_lib.preset_config(preset)
