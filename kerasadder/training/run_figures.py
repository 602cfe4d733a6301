"""Draws all figures of a run from the files in its folder."""

import csv
import pathlib

import keras
import numpy as np

from kerasadder import evaluation
from kerasadder import files
from kerasadder.plots import addition_table
from kerasadder.plots import image_grids
from kerasadder.plots import learning_curves
from kerasadder.plots import scores
from kerasadder.training import table_snapshots


def draw(
    folder: pathlib.Path,
    directory: pathlib.Path,
    model: keras.Model,
    test: tuple[np.ndarray, np.ndarray],
    predictions: dict[str, np.ndarray],
    dataset: str,
) -> None:
    """Writes the figures of a run as PNG files, with the test images.

    Args:
        folder: `pathlib.Path` of the run's folder, with `history.csv` and
            `tables/`.
        directory: `pathlib.Path` of the folder to write to.
        model: The trained model of `build_model`.
        test: `(images, labels)`, as `evaluation.evaluate` takes them.
        predictions: What `evaluation.predict` returns for the images.
        dataset: As in the configuration of the run.

    Raises:
        OSError: If a file cannot be read or written.
    """
    images, labels = test
    images = evaluation.seen(images, predictions)
    with open(folder / 'history.csv', encoding='utf-8', newline='') as file:
        history = [
            {name: float(value) for name, value in row.items()}
            for row in csv.DictReader(file)
        ]
    table = model.get_layer('addition_table').log_table()
    notes = table_snapshots.read_table_notes(folder / 'tables')
    drawn = {
        'predictions': image_grids.predictions_grid(
            images, labels, predictions
        ),
        'wrong_images': image_grids.wrong_images(images, labels, predictions),
        'confusion': scores.confusion_matrices(predictions, labels),
        'reliability': scores.reliability_diagrams(predictions, labels),
        'learning_curves': learning_curves.learning_curves(
            history, beside_seed_project=dataset == 'mnist'
        ),
        'addition_table': addition_table.addition_table(table),
        'addition_table_steps': addition_table.addition_table_steps(
            addition_table.before_during_after(notes),
            steps_per_epoch=max(notes) / len(history),
        ),
    }
    for name, figure in drawn.items():
        with files.write_whole(directory / f'{name}.png') as path:
            figure.savefig(path)
