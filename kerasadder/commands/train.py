"""Trains the digit-and-sum model on MNIST and exports it as a SavedModel."""

import os
import shlex
import sys

from absl import flags

from kerasadder import files
from kerasadder.commands import config_flags
from kerasadder.commands import runner
from kerasadder.errors import UserError


def define_flags(given: flags.FlagValues) -> None:
    config_flags.define_flags(given)


def main(given: flags.FlagValues, unused_arguments: list[str]) -> int | None:
    from kerasadder import evaluation
    from kerasadder.training import run
    from kerasadder.training.checkpoint import Stopped

    config = config_flags.config_from_flags(given)
    try:
        metrics = run.train(config)
    except Stopped as stopped:
        command = runner.repeated()
        if not config.model_dir:
            command += f' --model_dir={stopped.folder}'
        print(
            f'\nStopped by {stopped.signal.name} after step {stopped.step}, '
            f'everything saved. To go on:\n  {command}',
            file=sys.stderr,
        )
        return 128 + stopped.signal
    if metrics is None:
        return 0  # the chief of several machines tells
    model_dir, saved_model = metrics['model_dir'], metrics['saved_model']
    print(
        f'\nTest, every image with each of the ten numbers '
        f'(fit: {metrics["fit_seconds"]:.0f} s)\n'
        f'{evaluation.report(metrics["test"])}\n\n'
        f'Written: {model_dir}' + (f' and {saved_model}' if saved_model else '')
    )
    print(f'\nNext:\n  tensorboard --logdir={shlex.quote(model_dir)}')
    if saved_model:
        directory = os.path.dirname(os.path.abspath(saved_model))
        volume = shlex.quote(f'{directory}:/models/kerasadder:ro')
        print(
            '  kerasadder predict picture.png --number=7 '
            f'--saved_model={shlex.quote(saved_model)}\n'
            f'  docker run --rm -p 8501:8501 -v {volume} '
            '-e MODEL_NAME=kerasadder tensorflow/serving:2.20.0 '
            '--grpc_max_threads=64'
        )


def check(given: flags.FlagValues, arguments: list[str]) -> None:
    runner.refuse_arguments(arguments)
    config = config_flags.config_from_flags(given)
    for name, folder, instead in (
        ('model_dir', config.model_dir or 'runs', ''),
        ('export_dir', config.export_dir, ', an empty one exports nothing'),
    ):
        error = folder and files.writing_error(folder)
        if error:
            raise UserError(
                f'{os.path.abspath(folder)}: {error.strerror}; --{name} names '
                f'another folder{instead}.'
            )
