"""Draws confusion matrices and reliability diagrams.

Every function returns a `matplotlib.figure.Figure`.
"""

import numpy as np
from matplotlib.figure import Figure

from kerasadder.evaluation import CONFIDENCE_BINS
from kerasadder.evaluation import calibration
from kerasadder.plots.style import COLORS
from kerasadder.plots.style import new_figure
from kerasadder.task import OUTPUTS
from kerasadder.task import right_classes


def confusion_matrices(
    predictions: dict[str, np.ndarray], labels: np.ndarray
) -> Figure:
    """Draws the confusion matrices of digit and sum over all pairs.

    Each row is a true class and adds up to 100 %. The colour scale ignores the
    right answers, because they would hide the rare mistakes.

    Args:
        predictions: The dict that `evaluation.predict` returns.
        labels: Integer array `(n,)`, the digits.

    Returns:
        A figure with an axes for each output.
    """
    figure, axes = new_figure(
        *(5.8 * len(OUTPUTS), 5, len(OUTPUTS)),
        margins=(0.6, 0.9, 0.5, 0.3),
        gridspec_kw={'wspace': 0.4},
    )
    true_classes = right_classes(labels)
    for axis, (name, (classes,)) in zip(axes.flat, OUTPUTS.items()):
        true = true_classes[name].ravel()
        probabilities = predictions[name].reshape(-1, classes)
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


def reliability_diagrams(
    predictions: dict[str, np.ndarray], labels: np.ndarray
) -> Figure:
    """Draws the reliability diagrams of digit and sum over all pairs.

    A reliability diagram shows the accuracy of the predictions in each bin of
    confidence (Guo et al., 2017). `evaluation.calibration` computes the bins
    and the expected calibration error (ECE).

    Args:
        predictions: The dict that `evaluation.predict` returns.
        labels: Integer array `(n,)`, the digits.

    Returns:
        A figure with two axes for each output: the accuracies, and below them
        the number of predictions in each bin.
    """
    figure, axes = new_figure(
        *(5 * len(OUTPUTS), 5, len(OUTPUTS), 2),
        height_ratios=[3, 1],
        sharex=True,
        sharey='row',
    )
    figure.subplots_adjust(hspace=0.1)
    edges = np.linspace(0, 1, CONFIDENCE_BINS + 1)
    for (name, true), color, (above, below) in zip(
        right_classes(labels).items(), COLORS, axes.T
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
