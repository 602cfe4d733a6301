"""Seconds until training reaches a validation accuracy, over seeds."""

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

# What the plain network of `baseline` is said to reach after its 20 epochs.
DIGIT_ACCURACY = 0.988
SUM_ACCURACY = 0.985
CHECKS = 50  # of a run, at most; but not more often than
CHECK_STEPS = 5
COMMAND = 'from kerasadder.commands import main; raise SystemExit(main())'
# The recipe `fast`: half an epoch, chosen on the validation images.
FAST = {'preset': 'quick', 'learning_rate': 0.04}
FAST_STEPS = 120
FAST_MUON = {
    'momentum': 0.8,
    'adam_lr_ratio': 0.2,
    'weight_decay': None,
    'adam_weight_decay': None,
}


def fast(train, validation, seed):
    """Returns the `compute_time` of the recipe `fast`, trained by Muon."""
    config = TrainingConfig(**FAST, seed=seed)
    return compute_time(config, train, validation, FAST_STEPS, FAST_MUON)


def compute_time(config, train, validation, steps=None, muon=None):
    """Trains, and returns the seconds until the model reached the goal.

    The time is that of training alone: tracing and a first execution come
    before, and the weights go back to where they were. The weights are copied
    every few steps and validated when training is over, so that validation
    takes no time and lets no batches be prepared ahead.

    Args:
        config: The `TrainingConfig`.
        train: The training split, `(images, labels)`.
        validation: The validation split.
        steps: Steps of the learning rate's one cycle, and of the run; None for
            all epochs of the configuration. The last few may be left out.
        muon: Arguments of `Muon`; None for the optimizer that trains else.

    Returns:
        A dict: `seconds` and `images` until both `DIGIT_ACCURACY` and
        `SUM_ACCURACY` first held at a check, None if they never did;
        `all_seconds`; `digit_accuracy` and `sum_accuracy` at the end.
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
    """Returns whether both accuracies reach the goal."""
    return (
        scores['digit_accuracy'] >= DIGIT_ACCURACY
        and scores['sum_accuracy'] >= SUM_ACCURACY
    )


def process_time(preset, seed, data_dir=None):
    """Runs `kerasadder train --preset=... --seed=...` as a fresh process.

    Returns:
        A dict: `seconds` from its start to its end, everything in them
        (imports, reading the data, tracing, tests, figures, export);
        `digit_accuracy` and `sum_accuracy` on the validation images.
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
    """Returns mean and standard deviation over the runs of several seeds.

    Args:
        runs: Dicts as `compute_time` or `process_time` returns.

    Returns:
        A dict: `seeds`; `reached`, the runs that were accurate, of which alone
        `seconds` and `images` are; and for each entry the mean by its name and
        the standard deviation by `..._deviation`, None of no run and of one.
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
    """Compiles a configuration's model to run several steps at a time."""
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
    """Traces and runs one execution, then restores the model's weights."""
    variables = model.variables + model.optimizer.variables
    before = [variable.numpy() for variable in variables]
    model.train_function(iter(stream))
    model.reset_metrics()
    for variable, value in zip(variables, before):
        variable.assign(value)
