"""What the training of a model comes to, drawn with matplotlib.

Every function returns a `matplotlib.figure.Figure`, as those of `figures`.
"""

import csv
import pathlib

import numpy as np

from kerasadder.evaluation import CONFIDENCE_BINS
from kerasadder.evaluation import SUMS
from kerasadder.evaluation import calibration
from kerasadder.plots.image_grids import BLUE
from kerasadder.plots.image_grids import ORANGE
from kerasadder.plots.image_grids import new_figure

SEED_LOG = pathlib.Path(__file__).with_name('seed_log.csv')


def confusion_matrices(predictions, labels):
    """Draws the confusion matrices of digit and sum, all pairs counted.

    Rows are true classes and add up to 100 %; right answers are left out of
    the colour scale, so that the mistakes show.

    Args:
        predictions: What `evaluation.predict` returns.
        labels: Integer array `(n,)`, the digits.
    """
    labels = np.asarray(labels)
    figure, axes = new_figure(
        *(11.6, 5, 2), margins=(0.6, 0.9, 0.5, 0.3), gridspec_kw={'wspace': 0.4}
    )
    outputs = (
        ('digit', labels, predictions['digit']),
        ('sum', SUMS[labels].ravel(), np.concatenate(predictions['sum'])),
    )
    for axis, (name, true, probabilities) in zip(axes.flat, outputs):
        classes = probabilities.shape[-1]
        counts = np.zeros((classes, classes), int)
        np.add.at(counts, (true, probabilities.argmax(axis=-1)), 1)
        percent = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1)
        mistakes = percent * (1 - np.eye(classes))
        picture = axis.imshow(
            mistakes, cmap='cividis', vmin=0, vmax=max(mistakes.max(), 0.1)
        )
        bar = axis.inset_axes([1.03, 0, 0.04, 1])
        figure.colorbar(picture, bar, label='mistaken, % of true class')
        small = 9 if classes <= 10 else 6.5
        for i in range(classes):
            axis.text(
                *(i, i, f'{percent[i, i]:.1f}'),
                ha='center',
                va='center',
                color='white',
                fontsize=small,
            )
        axis.set_xticks(range(classes))
        axis.set_yticks(range(classes))
        axis.tick_params(labelsize=small + 2)
        axis.set_title(f'{name}, right answers in % on the diagonal')
        axis.set_xlabel('predicted')
        axis.set_ylabel('true')
    return figure


def learning_curves(history):
    """Draws the losses, and the accuracies beside those of the seed project.

    Accuracies are of the validation images, on an axis that is logarithmic in
    the wrong answers.

    Args:
        history: A list of dicts, one an epoch, with the columns of
            `history.csv`.
    """
    figure, axes = new_figure(10, 4.2, 2)
    losses, accuracies = axes[0]

    def plot(axis, rows, column, scale, **style):
        x = [row['epoch'] for row in rows]
        axis.plot(x, [scale * row[column] for row in rows], **style)

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
        for label, rows, prefix, line in (
            ('this run', history, 'val_', '-'),
            ('seed project (PyTorch, 20 epochs)', seed_log(), '', ':'),
        ):
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


def seed_log():
    """Returns the validation accuracies of the seed project, in PyTorch.

    A list of dicts of `epoch`, `digit_accuracy` and `sum_accuracy`, 20 epochs,
    on 5,000 validation images.
    """
    with open(SEED_LOG, encoding='utf-8', newline='') as file:
        return [
            {name: float(value) for name, value in row.items()}
            for row in csv.DictReader(file)
        ]


def reliability_diagrams(predictions, labels):
    """Draws how often digit and sum are right, by their confidence.

    The bins and the expected calibration error (ECE) are those of
    `evaluation.calibration`, all pairs counted.

    Args:
        predictions: What `evaluation.predict` returns.
        labels: Integer array `(n,)`, the digits.
    """
    labels = np.asarray(labels)
    figure, axes = new_figure(
        10, 5, 2, 2, height_ratios=[3, 1], sharex=True, sharey='row'
    )
    figure.subplots_adjust(hspace=0.1)
    edges = np.linspace(0, 1, CONFIDENCE_BINS + 1)
    for name, color, true, (above, below) in (
        ('digit', BLUE, labels, axes[:, 0]),
        ('sum', ORANGE, SUMS[labels], axes[:, 1]),
    ):
        found = calibration(predictions[name], true)
        width = 1 / CONFIDENCE_BINS
        filled = found['count'] > 0
        left, accuracy, confidence = (
            array[filled]
            for array in (edges[:-1], found['accuracy'], found['confidence'])
        )
        bar = {'width': width, 'align': 'edge', 'edgecolor': 'white'}
        above.bar(left, accuracy, color=color, label='accuracy', **bar)
        above.bar(
            left,
            confidence - accuracy,
            bottom=accuracy,
            label='gap to confidence',
            **{**bar, 'color': 'none', 'edgecolor': 'black', 'hatch': '///'},
        )
        above.plot([0, 1], [0, 1], '--', color='gray', label='calibrated')
        above.set_title(f'{name}: ECE {100 * found["ece"]:.2f} %')
        below.bar(left, found['count'][filled], color=color, **bar)
        below.set_yscale('log')
        below.set_xlabel('confidence')
        below.set_xlim(0, 1)
        above.legend(loc='upper left', fontsize=8)
    axes[0, 0].set_ylabel('accuracy')
    axes[1, 0].set_ylabel('predictions')
    return figure
