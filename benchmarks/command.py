"""Measures this machine or a model: scripts/benchmark.py WHAT.

WHAT is one of these benchmarks:

pipeline          how much the input pipeline slows down model.fit
renderings        how much rendered images slow down model.fit
training          images/s of model.fit, its share of the GEMM peak, and
                  images/s of the input pipeline alone
evaluation        time of the evaluation of all 100,000 test pairs
time_to_accuracy  seconds until the model gets 98.8 % of the digits and 98.5 %
                  of the sums of the validation images right
baseline          time of the recipe fast and of the plain baseline in PyTorch
serving           requests/s and latencies of the SavedModel: in process,
                  through fake servers or --address, beside ONNX with --onnx
pictures          time of a call with pictures of several kinds and sizes, in
                  turns with those of another SavedModel with --against
soak              sends good and bad requests to a fake server for --minutes;
                  the exit status is 1 if an answer is wrong or memory grows
robustness        accuracy and confidence on the 15 corruptions of MNIST-C and
                  on other people's digits
plain_cnn         trains the network of Keras's MNIST example and measures its
                  robustness
writers           accuracy on the test images by writer, from --qmnist
tuning            accuracy on other people's digits before and after training
                  on --pictures of them
"""

import importlib.util
import json
import pathlib
import sys

from absl import flags

from kerasadder import config as config_lib
from kerasadder.commands import shared_flags
from kerasadder.errors import UserError
from kerasadder.serving import client

GROWTH = 0.05  # largest relative growth of resident memory in a soak
FROM_NOTHING = ('quick', 'default', 'best')  # presets that start untrained


def define_flags(given):
    flags.DEFINE_list(
        'presets',
        None,
        'Presets to measure. [quick,default,best; time_to_accuracy: quick]',
        flag_values=given,
    )
    flags.DEFINE_integer(
        'rounds',
        9,
        'How often to time each. The medians are printed.',
        lower_bound=2,
        flag_values=given,
    )
    flags.DEFINE_integer(
        'seeds',
        3,
        'Number of seeds for time_to_accuracy, baseline, plain_cnn, tuning.',
        lower_bound=1,
        flag_values=given,
    )
    flags.DEFINE_float(
        'seconds',
        5.0,
        'How long to send each kind of request.',
        lower_bound=0,
        flag_values=given,
    )
    flags.DEFINE_float(
        'minutes',
        10.0,
        'How long to soak.',
        lower_bound=0.01,
        flag_values=given,
    )
    flags.DEFINE_string(
        'address',
        None,
        'host:port of the server that serving asks. [fake servers]',
        flag_values=given,
    )
    flags.DEFINE_string(
        'onnx',
        None,
        'An .onnx file of --saved_model. serving times both in turns.',
        flag_values=given,
    )
    flags.DEFINE_string(
        'against',
        None,
        'A SavedModel that pictures times in turns with --saved_model.',
        flag_values=given,
    )
    flags.DEFINE_bool(
        'grpc', False, 'Ask --address over gRPC, not REST.', flag_values=given
    )
    flags.DEFINE_integer(
        'images',
        1000,
        'Number of test images of each kind for robustness.',
        lower_bound=1,
        flag_values=given,
    )
    flags.DEFINE_string(
        'model',
        None,
        'A .keras file for robustness or tuning, not a SavedModel.',
        flag_values=given,
    )
    flags.DEFINE_string(
        'figure',
        None,
        'A .png file. robustness draws all kinds into it.',
        flag_values=given,
    )
    flags.DEFINE_integer(
        'pictures',
        300,
        'Number of pictures that tuning trains on.',
        lower_bound=60,
        upper_bound=1700,
        flag_values=given,
    )
    flags.DEFINE_string(
        'qmnist',
        None,
        "QMNIST's labels for writers, qmnist-test-labels-idx2-int.gz.",
        flag_values=given,
    )
    shared_flags.define_saved_model_flag(given)
    shared_flags.define_data_dir_flag(given)
    flags.DEFINE_bool(
        'json', False, 'Print one JSON object and no table.', flag_values=given
    )


def main(given, arguments):
    from benchmarks import machine

    (subcommand,) = arguments
    status, described = 0, machine.description()
    result = {'benchmark': subcommand, 'machine': described}
    for name, measured in SUBCOMMANDS[subcommand](given):
        result[name] = measured
        if not given.json:
            _print_table(subcommand, name, measured)
        if name == 'soak':
            wrong = measured['wrong_answers'] + measured['not_refused']
            status = 1 if wrong or measured['growth'] > GROWTH else 0
    if given.json:
        print(json.dumps(result))
    else:
        print(', '.join(f'{k} {v}' for k, v in described.items()))
    return status


def _print_table(subcommand, name, measured):
    """Prints one part of a result as a table below its name."""
    print(name)
    if subcommand in ('robustness', 'plain_cnn'):
        from benchmarks import robustness

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


def _configs(given, *default):
    for preset in given.presets or default:
        yield preset, config_lib.TrainingConfig(preset)


def _pipeline(given):
    from benchmarks import throughput

    (train,) = _load(given, 'train')
    for preset, config in _configs(given, *FROM_NOTHING):
        yield preset, throughput.pipeline(config, train, given.rounds)


def _renderings(given):
    from benchmarks import throughput

    (train,) = _load(given, 'train')
    for preset, config in _configs(given, 'default', 'best'):
        yield preset, throughput.renderings(config, train, given.rounds)


def _training(given):
    from benchmarks import throughput

    (train,) = _load(given, 'train')
    for preset, config in _configs(given, *FROM_NOTHING):
        yield preset, throughput.training(config, train, given.rounds)


def _evaluation(given):
    from benchmarks import throughput

    ((images, _),) = _load(given, 'test')
    for preset, config in _configs(given, *FROM_NOTHING):
        yield preset, throughput.evaluate(config, images, given.rounds)


def _time_to_accuracy(given):
    from benchmarks import time_to_accuracy as benchmark

    data, seeds = _load(given, 'train', 'validation'), range(given.seeds)
    yield (
        'fast, after tracing',
        benchmark.summary([benchmark.fast(*data, seed) for seed in seeds]),
    )
    for preset, _ in _configs(given, 'quick'):
        configs = [config_lib.TrainingConfig(preset, seed=s) for s in seeds]
        runs = [benchmark.compute_time(config, *data) for config in configs]
        yield f'{preset}, after tracing', benchmark.summary(runs)
        runs = [
            benchmark.process_time(preset, seed, given.data_dir)
            for seed in seeds
        ]
        yield f'{preset}, whole process', benchmark.summary(runs)


def _baseline(given):
    from benchmarks import baseline

    data = _load(given, 'train', 'validation')
    yield 'fast against plain', baseline.compare(*data, given.seeds)


def _serving(given):
    from benchmarks import serving

    ((images, _),) = _load(given, 'test')
    saved_model, seconds = given.saved_model, given.seconds
    yield 'in process', serving.in_process(saved_model, images, seconds)
    if given.onnx:
        yield (
            'in process, in turns with ONNX Runtime',
            serving.against_onnx(saved_model, given.onnx, images, seconds),
        )
    if given.address:
        transport = 'grpc' if given.grpc else 'rest'
        yield (
            f'{given.address}, {transport}',
            serving.through(given.address, transport, images, seconds),
        )
        return
    with serving.fake_servers(saved_model) as addresses:
        for transport, address in addresses.items():
            yield (
                f"the tests' fake server, {transport}",
                serving.through(address, transport, images, seconds),
            )


def _pictures(given):
    from benchmarks import pictures

    ((images, _),) = _load(given, 'test')
    folders = [given.saved_model] + ([given.against] if given.against else [])
    measured = pictures.measure(folders, images, given.seconds)
    yield 'milliseconds a call', measured


def _soak(given):
    from benchmarks.soak import soak

    yield 'soak', soak(given.saved_model, given.minutes)


def _robustness(given):
    from benchmarks import robustness
    from benchmarks import robustness_figure
    from kerasadder import evaluation
    from kerasadder.serving import model_files

    if given.model:
        model = model_files.load_model(given.model)
        readers = robustness.readers_of_function(
            evaluation.every_number_function(model)
        )
    else:
        readers = robustness.readers_of_saved_model(given.saved_model)
    (test,) = _load(given, 'test')
    if given.figure:
        robustness_figure.draw(readers['tensors'], test).savefig(given.figure)
    yield (
        given.model or given.saved_model,
        robustness.measure(readers, test, given.images, _log),
    )


def _plain_cnn(given):
    from benchmarks import plain_cnn
    from benchmarks import robustness

    train, test = _load(given, 'train', 'test')
    for seed in range(given.seeds):
        readers = robustness.readers_of_function(plain_cnn.train(train, seed))
        yield (
            f'plain CNN, digits alone, seed {seed}',
            robustness.measure(readers, test, given.images, _log),
        )


def _writers(given):
    from benchmarks import writers
    from kerasadder.serving import model_files

    every_number = model_files.load_saved_model(given.saved_model)
    yield from writers.measure(every_number, given.qmnist).items()


def _tuning(given):
    from benchmarks import tuning

    (test,) = _load(given, 'test')
    init = given.model or 'shipped'
    for seed in range(given.seeds):
        yield f'seed {seed}', tuning.measure(init, test, seed, given.pictures)


def _log(line):
    print(line, file=sys.stderr, flush=True)


def _load(given, *names):
    from kerasadder.data import splits

    return splits.load(*names, data_dir=given.data_dir)


SUBCOMMANDS = {
    'pipeline': _pipeline,
    'renderings': _renderings,
    'training': _training,
    'evaluation': _evaluation,
    'time_to_accuracy': _time_to_accuracy,
    'baseline': _baseline,
    'serving': _serving,
    'pictures': _pictures,
    'soak': _soak,
    'robustness': _robustness,
    'plain_cnn': _plain_cnn,
    'writers': _writers,
    'tuning': _tuning,
}


def check(given, arguments):
    if len(arguments) != 1 or arguments[0] not in SUBCOMMANDS:
        raise UserError(f'say what to measure: {", ".join(SUBCOMMANDS)}.')
    for preset in given.presets or ():
        config_lib.TrainingConfig(preset)
    if arguments == ['baseline'] and not importlib.util.find_spec('torch'):
        raise UserError(
            "PyTorch is not installed: pip install -e '.[baseline]', with "
            '--extra-index-url=https://download.pytorch.org/whl/cpu for the '
            'build without CUDA.'
        )
    if arguments[0] in ('robustness', 'plain_cnn', 'tuning'):
        _check_robustness(given)
    if arguments == ['writers'] and not given.qmnist:
        raise UserError(
            'writers: needs --qmnist=FILE, qmnist-test-labels-idx2-int.gz of '
            'https://github.com/facebookresearch/qmnist.'
        )
    if arguments[0] in ('serving', 'pictures', 'soak'):
        _check_saved_model(given.saved_model)
    if arguments == ['pictures'] and given.against:
        _check_saved_model(given.against)
    if arguments[0] in ('serving', 'soak'):
        if arguments == ['serving'] and given.address:
            client.check_address(given.address)
        else:
            _check_fake_servers(arguments[0])


def _check_saved_model(folder):
    if not pathlib.Path(folder, 'saved_model.pb').is_file():
        raise UserError(f'{folder}: no folder with a saved_model.pb in it.')


def _check_robustness(given):
    if not importlib.util.find_spec('sklearn'):
        raise UserError(
            'scikit-learn is not installed: pip install -c constraints.txt -e '
            "'.[robustness]'."
        )
    if given.model and given['saved_model'].present:
        raise UserError('--model and --saved_model: give one of them.')
    if given.figure:
        path = pathlib.Path(given.figure)
        if path.suffix != '.png' or not path.parent.is_dir():
            raise UserError(
                f'--figure={path}: must end in .png, in a folder that exists.'
            )


def _check_fake_servers(subcommand):
    """Raises a `UserError` if the fake servers of the tests cannot run."""
    if not importlib.util.find_spec('tensorflow_serving'):
        raise UserError(
            f"{subcommand}: needs pip install -c constraints.txt -e '.[test]'."
        )
