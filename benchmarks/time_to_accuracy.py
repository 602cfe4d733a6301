"""Measures the seconds until training reaches a validation accuracy."""

import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import keras

import kerasadder
from benchmarks.muon import Muon
from kerasadder import evaluation
from kerasadder.config import TrainingConfig
from kerasadder.data import batches
from kerasadder.errors import UserError
from kerasadder.training import compilation
from kerasadder.training import schedules
from kerasadder.training.plan import plan_run

# The goal: the accuracies that the seed project's log has for the network of
# `baseline` after 20 epochs.
DIGIT_ACCURACY = 0.988
SUM_ACCURACY = 0.985
CHECKS = 50  # a run has about so many checks of the accuracy
CHECK_STEPS = 5  # and at least so many steps between two checks
COMMAND = 'from kerasadder.commands import main; raise SystemExit(main())'
# The recipe `fast` takes half an epoch. It was chosen on the validation images.
FAST = {'preset': 'quick', 'learning_rate': 0.04}
FAST_STEPS = 120
FAST_MUON = {
    'momentum': 0.8,
    'adam_lr_ratio': 0.2,
    'weight_decay': None,
    'adam_weight_decay': None,
}


def fast(train, validation, seed):
    """Runs `compute_time` with the recipe `fast`, which trains with Muon.

    Args:
        train: The training split, `(images, labels)`.
        validation: The validation split, `(images, labels)`.
        seed: Integer, the seed of the run.

    Returns:
        The dict that `compute_time` returns.
    """
    config = TrainingConfig(**FAST, seed=seed)
    return compute_time(config, train, validation, FAST_STEPS, FAST_MUON)


def compute_time(config, train, validation, steps=None, muon=None):
    """Trains a model and measures the seconds until it reaches the goal.

    The goal is `DIGIT_ACCURACY` and `SUM_ACCURACY` on the validation images.
    The measured time is the time of training alone. Tracing and a first
    execution come before, and their changes to the weights are undone. The
    function copies the weights at each check and validates the copies after the
    training. So validation takes no time, and the pipeline cannot prepare
    batches ahead during it.

    Args:
        config: The `TrainingConfig`.
        train: The training split, `(images, labels)`.
        validation: The validation split, `(images, labels)`.
        steps: Training steps, which are one cycle of the learning rate. The run
            may leave out the last few. None means all epochs of `config`.
        muon: Keyword arguments of `Muon`. None means the optimizer of `config`.

    Returns:
        A dict of these entries:

        - `seconds` and `images`: the time and the images that training took
          until the first check that reached the goal; None without such a
          check.
        - `all_seconds`: the time of the whole training.
        - `digit_accuracy` and `sum_accuracy`: the accuracies at the end, 0..1.
    """
    if steps is None:
        steps = config.epochs * batches.steps_per_epoch(
            len(train[1]), config.batch_size
        )
    check_steps = max(CHECK_STEPS, steps // CHECKS)
    checks = max(1, steps // check_steps)
    keras.utils.set_random_seed(config.seed)
    model = _traceable_model(config, checks * check_steps, check_steps, muon)
    stream = batches.training_batches(
        *train,
        config.batch_size,
        steps=checks * check_steps,
        seed=config.seed,
        augment=config.augmentation,
        rendered_share=config.rendered_share,
        drawn_share=config.drawn_share,
    )
    _warm_up(model, stream)

    times, weights = [], []
    began = time.perf_counter()
    iterator = iter(stream)
    for _ in range(checks):
        float(model.train_function(iterator)['loss'])
        times.append(time.perf_counter() - began)
        weights.append(model.get_weights())

    every_number = evaluation.every_number_function(model)
    scores, reached = [], None
    for check, values in enumerate(weights):
        model.set_weights(values)
        scores.append(evaluation.evaluate(every_number, *validation))
        if accurate(scores[-1]) and reached is None:
            reached = check
    images = check_steps * config.batch_size
    return {
        'seconds': None if reached is None else times[reached],
        'images': None if reached is None else (reached + 1) * images,
        'all_seconds': times[-1],
        'digit_accuracy': scores[-1]['digit_accuracy'],
        'sum_accuracy': scores[-1]['sum_accuracy'],
    }


def accurate(scores):
    """Returns whether the accuracies of digit and sum both reach the goal."""
    return (
        scores['digit_accuracy'] >= DIGIT_ACCURACY
        and scores['sum_accuracy'] >= SUM_ACCURACY
    )


def process_time(preset, seed, data_dir=None):
    """Times `kerasadder train --preset=... --seed=...` in a new process.

    Args:
        preset: Name of a preset.
        seed: Integer, the seed of the run.
        data_dir: TFDS's folder of datasets; None for the default one.

    Returns:
        A dict: `seconds` of the whole process, which include imports, reading
        the data, tracing, the test, figures and export; and `digit_accuracy`
        and `sum_accuracy` on the validation images, 0..1.

    Raises:
        UserError: If the process fails.
    """
    with tempfile.TemporaryDirectory() as directory:
        command = [
            *(sys.executable, '-c', COMMAND, 'train', f'--preset={preset}'),
            *(f'--seed={seed}', '--model_dir=run', '--export_dir=export'),
        ]
        if data_dir:
            command.append(f'--data_dir={os.path.abspath(data_dir)}')
        root = str(pathlib.Path(kerasadder.__file__).parents[1])
        path = os.pathsep.join([root, os.environ.get('PYTHONPATH', '')])
        began = time.perf_counter()
        done = subprocess.run(
            command,
            cwd=directory,
            env={**os.environ, 'PYTHONPATH': path.rstrip(os.pathsep)},
            capture_output=True,
            text=True,
        )
        seconds = time.perf_counter() - began
        if done.returncode:
            raise UserError(f'kerasadder train failed: {done.stderr.strip()}')
        text = (pathlib.Path(directory) / 'run' / 'metrics.json').read_text()
        validation = json.loads(text)['validation']
        return {
            'seconds': seconds,
            'digit_accuracy': validation['digit_accuracy'],
            'sum_accuracy': validation['sum_accuracy'],
        }


def summary(runs):
    """Computes mean and standard deviation over the runs of several seeds.

    Args:
        runs: A list of dicts as `compute_time` or `process_time` returns them.

    Returns:
        A dict of these entries:

        - `seeds`: the number of runs.
        - `reached`: the number of runs that reached the goal.
        - for each entry of a run, its mean under the same name. `seconds` and
          `images` are means over the runs that reached the goal. A mean over no
          run is None.
        - for each entry of a run, its standard deviation under
          `<name>_deviation`; None for fewer than two runs.
    """
    reached = [run for run in runs if run['seconds'] is not None]
    if 'images' not in runs[0]:
        reached = [run for run in runs if accurate(run)]
    result = {'seeds': len(runs), 'reached': len(reached)}
    for name in runs[0]:
        some = reached if name in ('seconds', 'images') else runs
        values = [run[name] for run in some]
        result[name] = statistics.mean(values) if values else None
        result[f'{name}_deviation'] = (
            statistics.stdev(values) if len(values) > 1 else None
        )
    return result


def _traceable_model(config, steps, check_steps, muon):
    """Compiles the model of a configuration for `check_steps` an execution."""
    config = dataclasses.replace(
        config, epochs=1, steps_per_execution=check_steps
    )
    model = compilation.compiled_model(plan_run(config, steps))
    if muon is not None:
        model.optimizer = Muon(
            schedules.one_cycle(config.learning_rate, steps), **muon
        )
    model.optimizer.build(model.trainable_variables)
    model.make_train_function()
    return model


def _warm_up(model, stream):
    """Traces and runs one execution, then restores all variables."""
    variables = model.variables + model.optimizer.variables
    before = [variable.numpy() for variable in variables]
    model.train_function(iter(stream))
    model.reset_metrics()
    for variable, value in zip(variables, before):
        variable.assign(value)
