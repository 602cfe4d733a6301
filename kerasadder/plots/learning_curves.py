"""Draws losses and accuracies over the epochs of a run."""

import csv
import pathlib

import numpy as np
from matplotlib.figure import Figure

from kerasadder.plots.style import COLORS
from kerasadder.plots.style import new_figure
from kerasadder.task import OUTPUTS

SEED_LOG = pathlib.Path(__file__).with_name('seed_log.csv')


def learning_curves(
    history: list[dict[str, float]], beside_seed_project: bool = False
) -> Figure:
    """Draws the losses and the validation accuracies of a run.

    The accuracy axis is logarithmic in the share of wrong answers.

    Args:
        history: A list of dicts, one for each epoch, with the columns of
            `history.csv`.
        beside_seed_project: Whether to draw the accuracies of `seed_log` too.
            They were measured on MNIST.

    Returns:
        A `matplotlib.figure.Figure`.
    """
    figure, axes = new_figure(10, 4.2, 2)
    losses, accuracies = axes[0]
    runs = [('this run', history, 'val_', '-', 'o')]
    if beside_seed_project:
        name = 'seed project (PyTorch, 20 epochs)'
        runs.append((name, seed_log(), '', ':', 's'))
    # The curves of the outputs often coincide. A wide line stays visible below
    # a narrow one.
    widths = np.linspace(4, 1.5, len(OUTPUTS))
    for output, color, width in zip(OUTPUTS, COLORS, widths):
        style = {'color': color, 'markersize': width + 3, 'linewidth': width}
        for prefix, line, kind in (
            ('', '--', 'training'),
            ('val_', '-', 'validation'),
        ):
            column, label = f'{prefix}{output}_loss', f'{output}, {kind}'
            _plot(losses, history, column, 1, label, line, 'o', **style)
        for name, rows, prefix, line, marker in runs:
            column, label = f'{prefix}{output}_accuracy', f'{output}, {name}'
            if column in rows[0]:
                if rows is not history:
                    style['linewidth'] = 1.5
                _plot(
                    accuracies, rows, column, 100, label, line, marker, **style
                )
    _finish(losses, accuracies)
    return figure


def _plot(axis, rows, column, scale, label, line, marker, **style):
    axis.plot(
        [row['epoch'] for row in rows],
        [scale * row[column] for row in rows],
        label=label,
        linestyle=line,
        marker=marker,
        **style,
    )


def _finish(losses, accuracies):
    """Sets the scales and the labels of both axes."""
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
    for axis in (losses, accuracies):
        axis.yaxis.set_major_formatter('{x:g}')
        axis.set_xlabel('epoch')
        axis.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        axis.grid(alpha=0.3)
    losses.legend()
    accuracies.legend(loc='upper right', fontsize=8)


def seed_log() -> list[dict[str, float]]:
    """Reads the validation accuracies of the seed project.

    The seed project is the PyTorch program that this project started from. Its
    run took 20 epochs and had 5,000 validation images.

    Returns:
        A list of dicts of `epoch`, `digit_accuracy` and `sum_accuracy`, one for
        each epoch. The accuracies are 0..1.
    """
    with open(SEED_LOG, encoding='utf-8', newline='') as file:
        return [
            {name: float(value) for name, value in row.items()}
            for row in csv.DictReader(file)
        ]
