"""What the training of a model comes to, drawn with matplotlib.

Every function returns a `matplotlib.figure.Figure`, as those of `figures`.
"""

import numpy as np

from kerasadder.evaluation import SUMS
from kerasadder.figures import BLUE
from kerasadder.figures import ORANGE
from kerasadder.figures import new_figure


def confusion_matrices(predictions, labels):
    """Draws the confusion matrices of digit and sum, all pairs counted.

    Rows are true classes and add up to 100 %; right answers are left out of
    the colour scale, so that the mistakes show.

    Args:
        predictions: What `evaluation.predict` returns.
        labels: Integer array `(n,)`, the digits.
    """
    labels = np.asarray(labels)
    figure, axes = new_figure(11, 5, 2, margins=(0.6, 0.7, 0.4, 0.3))
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
        figure.colorbar(
            picture, ax=axis, label='mistaken, % of true class', shrink=0.9
        )
        small = 8 if classes <= 10 else 5.5
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


def addition_table(log_table):
    """Draws the learned table: the likeliest sum of each digit and number.

    Args:
        log_table: Array `(10, 10, 19)`, log P(sum | digit, number), as
            `AdditionTable.log_table` returns it.
    """
    log_table = np.asarray(log_table)
    sums = log_table.argmax(axis=-1)
    right = sums == SUMS
    figure, axes = new_figure(6, 5, margins=(0.6, 0.5, 0.5, 0.4))
    axis = axes[0, 0]
    picture = axis.imshow(
        np.exp(log_table.max(axis=-1)), cmap='cividis', vmin=0, vmax=1
    )
    figure.colorbar(picture, ax=axis, label='P(sum | digit, number)')
    for (digit, number), total in np.ndenumerate(sums):
        sure = log_table[digit, number, total] > np.log(0.6)
        axis.text(
            *(number, digit, f'{total}'),
            ha='center',
            va='center',
            color='black' if sure else 'white',
            fontweight='normal' if right[digit, number] else 'bold',
        )
    axis.set_xticks(range(10))
    axis.set_yticks(range(10))
    axis.set_xlabel('number')
    axis.set_ylabel('digit')
    axis.set_title(f'learned addition table: {right.sum()} of 100 right')
    return figure


def learning_curves(history):
    """Draws loss and error of train and validation over the epochs.

    Args:
        history: A list of dicts, one an epoch, with the columns of
            `history.csv`.
    """
    epochs = [row['epoch'] for row in history]
    figure, axes = new_figure(10, 4, 2)
    for name, color in (('digit', BLUE), ('sum', ORANGE)):
        for prefix, line in (('', '--'), ('val_', '-')):
            label = f'{name}, {"validation" if prefix else "train"}'
            style = {'color': color, 'linestyle': line, 'label': label}
            loss = [row[f'{prefix}{name}_loss'] for row in history]
            error = [
                100 * (1 - row[f'{prefix}{name}_accuracy']) for row in history
            ]
            axes[0, 0].plot(epochs, loss, marker='.', **style)
            axes[0, 1].plot(epochs, error, marker='.', **style)
    for axis, name in zip(axes.flat, ('loss, nats', 'wrong, %')):
        axis.set_yscale('log')
        axis.yaxis.set_major_formatter('{x:g}')
        axis.yaxis.set_minor_formatter('')
        axis.set_xlabel('epoch')
        axis.set_title(name)
        axis.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        axis.grid(alpha=0.3)
        axis.legend()
    return figure
