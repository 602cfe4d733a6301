"""Draws the figures of a finished run: figures runs/NAME."""

import json
import pathlib

from absl import flags

from kerasadder.commands import shared_flags
from kerasadder.errors import UserError


def define_flags(given: flags.FlagValues) -> None:
    flags.DEFINE_string(
        'figures_dir',
        None,
        "Folder to write to. [the run's own, figures/]",
        flag_values=given,
    )
    shared_flags.define_data_dir_flag(given)


def main(given: flags.FlagValues, arguments: list[str]) -> int | None:
    from kerasadder import evaluation
    from kerasadder.data import splits
    from kerasadder.serving import model_files
    from kerasadder.training import run_figures

    folder = pathlib.Path(arguments[0])
    directory = pathlib.Path(given.figures_dir or folder / 'figures')
    model = model_files.load_model(folder / 'model.keras')
    dataset = _dataset_of(folder)
    (test,) = splits.load('test', name=dataset, data_dir=given.data_dir)
    predictions = evaluation.predict(
        evaluation.every_number_function(model), test[0]
    )
    directory.mkdir(parents=True, exist_ok=True)
    run_figures.draw(folder, directory, model, test, predictions, dataset)
    print(directory)


def _dataset_of(folder):
    path = folder / 'metrics.json'
    try:
        return json.loads(path.read_text(encoding='utf-8'))['dataset']
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f'{path} is damaged: train.py writes it again, by the command that '
            'made this run.'
        ) from error


def check(given: flags.FlagValues, arguments: list[str]) -> None:
    if len(arguments) != 1:
        raise UserError('name the folder of one run.')
    folder = pathlib.Path(arguments[0])
    for name in ('metrics.json', 'history.csv', 'tables/step_00000000.npy'):
        if not (folder / name).is_file():
            raise UserError(
                f'{folder}: not the folder of a finished run, {name} is not '
                'there.'
            )
