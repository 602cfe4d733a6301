"""Draws all corruptions with the answers of a model."""

import numpy as np

from benchmarks.corruptions import KINDS
from benchmarks.corruptions import corrupt
from kerasadder.plots import style

BLOCKS, IMAGES = 2, 6  # blocks side by side, and images of each kind
LABEL, WIDTH, HEIGHT = 70, 36, 50  # pixels; the image of a cell is 28x28


def draw(read, test, seed=0):
    """Draws some images of each kind with the predicted digits.

    Each image has the predicted digit and its probability above it, in red if
    the digit is wrong. The images are the first of the test split.

    Args:
        read: The reader `tensors` that `robustness.readers_of_function` makes.
        test: The test split, `(images, labels)`.
        seed: The seed of the corruptions.

    Returns:
        A `matplotlib.figure.Figure`.
    """
    images, labels = test[0][:IMAGES], test[1][:IMAGES]
    names = ('mnist', *KINDS)
    rows = -(-len(names) // BLOCKS)
    block = LABEL + WIDTH * IMAGES
    canvas = np.zeros((HEIGHT * rows, block * BLOCKS), np.uint8)
    figure, axes = style.new_figure(
        block * BLOCKS / 36, HEIGHT * rows / 36, margins=(0, 0, 0, 0)
    )
    axis = axes[0, 0]
    for i, name in enumerate(names):
        top, left = HEIGHT * (i % rows), block * (i // rows)
        corrupted = images if name == 'mnist' else corrupt(images, name, seed)
        axis.text(
            *(left + LABEL - 4, top + 34, name.replace('_', ' ')),
            ha='right',
            va='center',
        )
        digits = read(corrupted, labels).digit
        for j, (image, label, digit) in enumerate(
            zip(corrupted, labels, digits)
        ):
            x = left + LABEL + WIDTH * j
            canvas[top + 20 : top + 48, x + 4 : x + 32] = image[..., 0]
            axis.text(
                *(x + WIDTH / 2, top + 13),
                f'{digit.argmax()}, {100 * digit.max():.0f} %',
                color='black' if digit.argmax() == label else style.RED,
                fontsize=8,
                ha='center',
                va='center',
            )
    axis.imshow(canvas, cmap='gray_r', vmin=0, vmax=255)
    axis.axis('off')
    return figure
