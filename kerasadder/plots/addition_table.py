"""Draws the addition table that a model learned.

Every public function that draws returns a `matplotlib.figure.Figure`.
"""

import numpy as np
from matplotlib.figure import Figure

from kerasadder.plots.style import RED
from kerasadder.plots.style import new_figure
from kerasadder.task import SUMS


def addition_table(log_table: np.ndarray) -> Figure:
    """Draws a learned table: the most probable sum of each digit and number.

    The colour shows the expected sum. A table that has learned addition is an
    even colour gradient; an untrained table has a single colour. A wrong sum
    has a red background. A `?` marks several equally probable sums.

    Args:
        log_table: Float array `(10, 10, 19)`, log P(sum | digit, number), as
            `AdditionTable.log_table` returns it.

    Returns:
        A figure.
    """
    figure, axes, (right,) = _tables([log_table], side=4, fontsize=10)
    axes[0].set_title(f'learned addition table: {right} of {SUMS.size} right')
    return figure


def addition_table_steps(
    tables: dict[int, np.ndarray], steps_per_epoch: float
) -> Figure:
    """Draws the table at several training steps, side by side.

    Each title gives the number of right sums and P, the mean probability that
    the table gives to the right sum.

    Args:
        tables: A dict from a training step to the table after that step, as
            `addition_table` takes it. `before_during_after` returns such a
            dict.
        steps_per_epoch: Training steps in an epoch.

    Returns:
        A figure.
    """
    figure, axes, right = _tables(tables.values(), side=2.6, fontsize=8.5)
    for axis, (step, table), count in zip(axes, tables.items(), right):
        axis.set_title(
            f'step {step:,}, epoch {step / steps_per_epoch:.2g}\n'
            f'{count} of {SUMS.size} right, '
            f'P = {100 * _right(table).mean():.0f} %'
        )
    return figure


def before_during_after(notes: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    """Chooses three snapshots of the table: first, halfway and last.

    In the halfway snapshot, the mean probability of the right sums is closest
    to half of its final value.

    Args:
        notes: A dict from a training step to the table after that step, as
            `table_snapshots.read_table_notes` returns it.

    Returns:
        A dict of the chosen entries, in the order of the steps. It has fewer
        than three entries if two of the snapshots are the same.
    """
    right = {step: _right(table).mean() for step, table in notes.items()}
    first, last = min(notes), max(notes)
    half = min(notes, key=lambda step: abs(right[step] - right[last] / 2))
    return {step: notes[step] for step in sorted({first, half, last})}


def _right(log_table):
    """Returns P(right sum | digit, number), an array `(10, 10)`."""
    return np.exp(np.take_along_axis(log_table, SUMS[..., None], -1)[..., 0])


def _tables(tables, side, fontsize):
    """Draws tables side by side, each `side` inches wide.

    Returns:
        The figure, the axes, and the number of right sums in each table.
    """
    columns = len(tables)
    gap = 0.35
    figure, axes = new_figure(
        columns * side + (columns - 1) * gap + 1.4,
        side + 1,
        columns,
        margins=(0.5, 0.9, 0.45, 0.55),
        gridspec_kw={'wspace': gap / side},
    )
    right = []
    for axis, table in zip(axes[0], tables):
        picture, count = _draw_table(axis, np.asarray(table), fontsize)
        right.append(count)
    bar = axis.inset_axes([1.06, 0, 0.05, 1])
    figure.colorbar(picture, bar, label='expected sum')
    axes[0, 0].set_ylabel('digit')
    return figure, axes[0], right


def _draw_table(axis, log_table, fontsize):
    """Draws one table; returns its image and its number of right sums."""
    expected = np.exp(log_table) @ np.arange(log_table.shape[-1])
    picture = axis.imshow(expected, cmap='cividis', vmin=0, vmax=SUMS.max())
    likeliest = log_table == log_table.max(axis=-1, keepdims=True)
    known = likeliest.sum(axis=-1) == 1
    sums = likeliest.argmax(axis=-1)
    for (digit, number), total in np.ndenumerate(sums):
        wrong = known[digit, number] and total != SUMS[digit, number]
        bright = expected[digit, number] > 0.55 * SUMS.max() and not wrong
        axis.text(
            *(number, digit, f'{total}' if known[digit, number] else '?'),
            ha='center',
            va='center',
            color='black' if bright else 'white',
            fontsize=fontsize,
            bbox={'facecolor': RED, 'edgecolor': 'none', 'pad': 1.5}
            if wrong
            else None,
        )
    axis.set_xticks(range(SUMS.shape[1]))
    axis.set_yticks(range(SUMS.shape[0]))
    axis.set_xlabel('number')
    return picture, (known & (sums == SUMS)).sum()
