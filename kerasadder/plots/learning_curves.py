"""Losses and accuracies over the epochs, drawn with matplotlib."""

import csv
import pathlib

import numpy as np
from matplotlib.figure import Figure

from kerasadder.plots.style import BLUE
from kerasadder.plots.style import ORANGE
from kerasadder.plots.style import new_figure

SEED_LOG = pathlib.Path(__file__).with_name('seed_log.csv')


def learning_curves(
    history: list[dict[str, float]], beside_seed_project: bool = False
) -> Figure:
    """Draws the losses and accuracies of a run.

    Accuracies are of the validation images, on an axis that is logarithmic in
    the wrong answers.

    Args:
        history: A list of dicts, one an epoch, with the columns of
            `history.csv`.
        beside_seed_project: Whether to draw the accuracies of `seed_log` too,
            which are of MNIST.
    """
    figure, axes = new_figure(10, 4.2, 2)
    losses, accuracies = axes[0]

    def plot(axis, rows, column, scale, **style):
        x = [row['epoch'] for row in rows]
        axis.plot(x, [scale * row[column] for row in rows], **style)

    runs = [('this run', history, 'val_', '-')]
    if beside_seed_project:
        name = 'seed project (PyTorch, 20 epochs)'
        runs.append((name, seed_log(), '', ':'))
    # Digit and sum often coincide: the wide line shows below the narrow one.
    for output, color, width in (('digit', BLUE, 4), ('sum', ORANGE, 1.5)):
        style = {'color': color, 'markersize': width + 3}
        for prefix, line, kind in (
            ('', '--', 'training'),
            ('val_', '-', 'validation'),
        ):
            plot(
                *(losses, history, f'{prefix}{output}_loss', 1),
                marker='o',
                linestyle=line,
                linewidth=width,
                label=f'{output}, {kind}',
                **style,
            )
        for label, rows, prefix, line in runs:
            plot(
                *(accuracies, rows, f'{prefix}{output}_accuracy', 100),
                marker='o' if prefix else 's',
                linestyle=line,
                linewidth=width if prefix else 1.5,
                label=f'{output}, {label}',
                **style,
            )
    losses.set_yscale('log')
    losses.yaxis.set_minor_formatter('')
    losses.set_title('loss, nats')
    accuracies.set_yscale(
        'function',
        functions=(
            lambda percent: -np.log10(np.maximum(100.02 - percent, 1e-3)),
            lambda position: 100.02 - 10**-position,
        ),
    )
    accuracies.set_yticks([0, 50, 80, 90, 95, 98, 99, 99.5, 99.8, 100])
    accuracies.set_ylim(0, 100)
    accuracies.set_title('validation accuracy, %')
    for axis in axes.flat:
        axis.yaxis.set_major_formatter('{x:g}')
        axis.set_xlabel('epoch')
        axis.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        axis.grid(alpha=0.3)
    losses.legend()
    accuracies.legend(loc='upper right', fontsize=8)
    return figure


def seed_log() -> list[dict[str, float]]:
    """Returns the validation accuracies of the seed project, in PyTorch.

    A list of dicts of `epoch`, `digit_accuracy` and `sum_accuracy`, 20 epochs,
    on 5,000 validation images.
    """
    with open(SEED_LOG, encoding='utf-8', newline='') as file:
        return [
            {name: float(value) for name, value in row.items()}
            for row in csv.DictReader(file)
        ]
