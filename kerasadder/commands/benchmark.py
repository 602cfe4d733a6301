"""Measures this machine: kerasadder benchmark WHAT, one of the following.

pipeline: fit on the pipeline against fit on one resident batch, side by side.
training: images per second of fit, its share of the GEMM peak, the pipeline.
evaluation: the exhaustive evaluation of the 10,000 test images.
time_to_accuracy: seconds until 98.8 % of digits and 98.5 % of sums are right
on validation images, after tracing (recipe fast; presets) and as a process.
yardstick: the recipe fast against a plain network in PyTorch, extrapolated.
serving: requests per second and latencies of the exported model, in process
and behind the tests' doubles of TensorFlow Serving, or a server at --address.
soak: good and bad requests at a double, for --minutes; exit status 1 if it
fails.
robustness: accuracy and confidence on the fifteen kinds of corrupted images of
MNIST-C and on other people's digits, as tensors and as PNG files.
plain_cnn: the same of the network of Keras's MNIST example, trained first.
"""

import importlib.util
import json
import pathlib
import sys

from absl import flags

from kerasadder import client
from kerasadder import command_line
from kerasadder import config as config_lib
from kerasadder.errors import UserError

CHECKOUT = pathlib.Path(__file__).parents[2]
GROWTH = 0.05  # of resident memory in a soak
_PRESETS = flags.DEFINE_list(
    'presets',
    None,
    'Presets to measure. [quick,default,best; time_to_accuracy: quick]',
)
_ROUNDS = flags.DEFINE_integer(
    'rounds', 9, 'Timings of each; medians are reported.', lower_bound=2
)
_SEEDS = flags.DEFINE_integer(
    'seeds', 3, 'Seeds of time_to_accuracy and yardstick.', lower_bound=1
)
_SECONDS = flags.DEFINE_float(
    'seconds', 5.0, 'How long to send each kind of request.', lower_bound=0
)
_MINUTES = flags.DEFINE_float(
    'minutes', 10.0, 'How long to soak.', lower_bound=0.01
)
_ADDRESS = flags.DEFINE_string(
    'address', None, 'host:port of a server for serving. [the doubles]'
)
_GRPC = flags.DEFINE_bool('grpc', False, 'Ask --address over gRPC, not REST.')
_IMAGES = flags.DEFINE_integer(
    'images', 1000, 'Test images of a kind in robustness.', lower_bound=1
)
_MODEL = flags.DEFINE_string(
    'model', None, 'A .keras file for robustness, not a SavedModel.'
)
_FIGURE = flags.DEFINE_string(
    'figure', None, 'A .png file for robustness to draw all kinds to.'
)
_SAVED_MODEL = command_line.define_saved_model_flag()
_DATA_DIR = command_line.define_data_dir_flag()
_JSON = flags.DEFINE_bool('json', False, 'Print one JSON object and no table.')


def main(arguments):
    from kerasadder.benchmarks import machine

    (subcommand,) = arguments
    status, described = 0, machine.description()
    result = {'benchmark': subcommand, 'machine': described}
    for name, measured in SUBCOMMANDS[subcommand]():
        result[name] = measured
        if not _JSON.value:
            _print(subcommand, name, measured)
        if name == 'soak':
            wrong = measured['wrong_answers'] + measured['not_refused']
            status = 1 if wrong or measured['growth'] > GROWTH else 0
    if _JSON.value:
        print(json.dumps(result))
    else:
        print(', '.join(f'{k} {v}' for k, v in described.items()))
    return status


def _print(subcommand, name, measured):
    """Prints one part of a result, its figures below its name or beside."""
    print(name)
    if subcommand in ('robustness', 'plain_cnn'):
        from kerasadder.benchmarks import robustness

        print(robustness.report(measured), flush=True)
        return
    for key, value in measured.items():
        columns = value if isinstance(value, dict) else {'': value}
        figures = ''.join(
            f'{"never" if value is None else format(value, ",.4g"):>13}'
            f'{label and " " + label}'
            for label, value in columns.items()
        )
        print(f'  {key:<29}{figures}', flush=True)


def _configs(*default):
    for preset in _PRESETS.value or default:
        yield preset, config_lib.preset_config(preset)


def _pipeline():
    from kerasadder.benchmarks import throughput

    (train,) = _load('train')
    for preset, config in _configs(*config_lib.PRESETS):
        yield preset, throughput.pipeline(config, train, _ROUNDS.value)


def _training():
    from kerasadder.benchmarks import throughput

    (train,) = _load('train')
    for preset, config in _configs(*config_lib.PRESETS):
        yield preset, throughput.training(config, train, _ROUNDS.value)


def _evaluation():
    from kerasadder.benchmarks import throughput

    ((images, _),) = _load('test')
    for preset, config in _configs(*config_lib.PRESETS):
        yield preset, throughput.evaluate(config, images, _ROUNDS.value)


def _time_to_accuracy():
    from kerasadder.benchmarks import time_to_accuracy as benchmark

    data, seeds = _load('train', 'validation'), range(_SEEDS.value)
    yield (
        'fast, after tracing',
        benchmark.summary([benchmark.fast(*data, seed) for seed in seeds]),
    )
    for preset, _ in _configs('quick'):
        configs = [config_lib.preset_config(preset, seed=s) for s in seeds]
        runs = [benchmark.compute_time(config, *data) for config in configs]
        yield f'{preset}, after tracing', benchmark.summary(runs)
        runs = [
            benchmark.process_time(preset, seed, _DATA_DIR.value)
            for seed in seeds
        ]
        yield f'{preset}, whole process', benchmark.summary(runs)


def _yardstick():
    from kerasadder.benchmarks import yardstick

    data = _load('train', 'validation')
    yield 'fast against plain', yardstick.compare(*data, _SEEDS.value)


def _serving():
    from kerasadder.benchmarks import serving

    ((images, _),) = _load('test')
    saved_model, seconds = _SAVED_MODEL.value, _SECONDS.value
    yield 'in process', serving.in_process(saved_model, images, seconds)
    if _ADDRESS.value:
        transport = 'grpc' if _GRPC.value else 'rest'
        yield (
            f'{_ADDRESS.value}, {transport}',
            serving.through(_ADDRESS.value, transport, images, seconds),
        )
        return
    with serving.doubles(saved_model) as addresses:
        for transport, address in addresses.items():
            yield (
                f"the tests' double, {transport}",
                serving.through(address, transport, images, seconds),
            )


def _soak():
    # The doubles are for tests, and in the checkout alone.
    sys.path.insert(0, str(CHECKOUT))
    from tests.soak import soak

    yield 'soak', soak(_SAVED_MODEL.value, _MINUTES.value)


def _robustness():
    from kerasadder import evaluation
    from kerasadder import loading
    from kerasadder.benchmarks import robustness
    from kerasadder.benchmarks import robustness_figure

    if _MODEL.value:
        readers = robustness.readers_of_function(
            evaluation.every_number_function(
                loading.load_keras_model(_MODEL.value)
            )
        )
    else:
        readers = robustness.readers_of_saved_model(_SAVED_MODEL.value)
    (test,) = _load('test')
    if _FIGURE.value:
        robustness_figure.draw(readers['tensors'], test).savefig(_FIGURE.value)
    yield (
        _MODEL.value or _SAVED_MODEL.value,
        robustness.measure(readers, test, _IMAGES.value, _log),
    )


def _plain_cnn():
    from kerasadder.benchmarks import plain_cnn
    from kerasadder.benchmarks import robustness

    train, test = _load('train', 'test')
    for seed in range(_SEEDS.value):
        readers = robustness.readers_of_function(plain_cnn.train(train, seed))
        yield (
            f'plain CNN, digits alone, seed {seed}',
            robustness.measure(readers, test, _IMAGES.value, _log),
        )


def _log(line):
    print(line, file=sys.stderr, flush=True)


def _load(*splits):
    from kerasadder import dataset

    return dataset.load(*splits, data_dir=_DATA_DIR.value)


SUBCOMMANDS = {
    'pipeline': _pipeline,
    'training': _training,
    'evaluation': _evaluation,
    'time_to_accuracy': _time_to_accuracy,
    'yardstick': _yardstick,
    'serving': _serving,
    'soak': _soak,
    'robustness': _robustness,
    'plain_cnn': _plain_cnn,
}


def check(arguments):
    if len(arguments) != 1 or arguments[0] not in SUBCOMMANDS:
        raise UserError(f'say what to measure: {", ".join(SUBCOMMANDS)}.')
    for preset in _PRESETS.value or ():
        config_lib.preset_config(preset)
    if arguments == ['yardstick'] and not importlib.util.find_spec('torch'):
        raise UserError(
            "PyTorch is not installed: pip install -e '.[yardstick]', with "
            '--extra-index-url=https://download.pytorch.org/whl/cpu for the '
            'build without CUDA.'
        )
    if arguments[0] in ('robustness', 'plain_cnn'):
        _check_robustness()
    if arguments[0] in ('serving', 'soak'):
        saved_model = pathlib.Path(_SAVED_MODEL.value)
        if not (saved_model / 'saved_model.pb').is_file():
            raise UserError(
                f'{saved_model}: no folder with a saved_model.pb in it.'
            )
        if arguments == ['serving'] and _ADDRESS.value:
            client.check_address(_ADDRESS.value)
        else:
            _check_doubles(arguments[0])


def _check_robustness():
    if not importlib.util.find_spec('sklearn'):
        raise UserError(
            'scikit-learn is not installed: pip install -c constraints.txt -e '
            "'.[robustness]'."
        )
    if _MODEL.value and _SAVED_MODEL.present:
        raise UserError('--model and --saved_model: give one of them.')
    if _FIGURE.value:
        path = pathlib.Path(_FIGURE.value)
        if path.suffix != '.png' or not path.parent.is_dir():
            raise UserError(
                f'--figure={path}: must end in .png, in a folder that exists.'
            )


def _check_doubles(subcommand):
    """Refuses to go on without the tests' doubles of TensorFlow Serving."""
    if not (CHECKOUT / 'tests').is_dir():
        raise UserError(f'{subcommand}: is for a checkout, with its tests/.')
    if not importlib.util.find_spec('tensorflow_serving'):
        raise UserError(
            f"{subcommand}: wants pip install -c constraints.txt -e '.[test]'."
        )
