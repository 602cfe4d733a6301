"""Measures speed on this machine: benchmark.py pipeline|training|evaluation.

pipeline: fit on the pipeline against fit on one resident batch, side by side.
training: images per second of fit, and the share of the machine's GEMM peak.
evaluation: the exhaustive evaluation of the 10,000 test images.
"""

import json

from absl import flags

from kerasadder import command_line
from kerasadder import config as config_lib
from kerasadder.errors import UserError

SUBCOMMANDS = ('pipeline', 'training', 'evaluation')
_PRESETS = flags.DEFINE_list(
    'presets', ['quick', 'default', 'best'], 'Presets to measure.'
)
_ROUNDS = flags.DEFINE_integer(
    'rounds', 9, 'Timings of each; medians are reported.', lower_bound=2
)
_DATA_DIR = command_line.define_data_dir_flag()
_JSON = flags.DEFINE_bool('json', False, 'Print one JSON object and no table.')


def main(arguments):
    from kerasadder import benchmark
    from kerasadder import dataset

    (subcommand,) = arguments
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


def check(arguments):
    if len(arguments) != 1 or arguments[0] not in SUBCOMMANDS:
        raise UserError(f'say what to measure: {", ".join(SUBCOMMANDS)}.')
    for preset in _PRESETS.value:
        config_lib.preset_config(preset)


if __name__ == '__main__':
    command_line.run(main, check)
