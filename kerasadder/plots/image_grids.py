"""Draws images with the predictions of a model.

Every public function returns a `matplotlib.figure.Figure`, and
`figure.savefig(path)` writes the figure to a file.
"""

import numpy as np
from matplotlib.figure import Figure

from kerasadder.plots import file_names
from kerasadder.plots.style import COLORS
from kerasadder.plots.style import RED
from kerasadder.plots.style import new_figure
from kerasadder.task import OUTPUTS
from kerasadder.task import TABLES

TABLE = TABLES[0]  # the titles show the answers of this table


def examples(
    inputs: dict[str, np.ndarray],
    targets: dict[str, np.ndarray],
    columns: int = 8,
) -> Figure:
    """Draws the images of a training batch, each with its equation.

    Args:
        inputs: A dict of `image`, an array `(n, 28, 28, 1)` of 0..255, and
            `number`, a one-hot array `(n, 10)`. `batches.training_batches`
            yields such a dict.
        targets: A dict of `digit` and `sum`, integer arrays `(n,)`.
        columns: Number of columns of the grid.

    Returns:
        A figure.
    """
    numbers = np.argmax(inputs['number'], axis=-1)
    titles = [
        TABLE.equation(*of_image)
        for of_image in zip(
            np.asarray(targets['digit']),
            numbers,
            np.asarray(targets[TABLE.name]),
        )
    ]
    images = np.asarray(inputs['image'])
    return _grid(images, titles, ['black'] * len(images), columns)


def predictions_grid(
    images: np.ndarray,
    labels: np.ndarray,
    predictions: dict[str, np.ndarray],
    rows: int = 4,
    columns: int = 8,
) -> Figure:
    """Draws images with the digit and the sum that the model predicts.

    Image i is paired with the number i modulo 10. The title of a wrong
    prediction is red, with the right equation in brackets below it.

    Args:
        images: Array `(n, 28, 28, 1)`, 0..255.
        labels: Integer array `(n,)`, the digits.
        predictions: The dict that `evaluation.predict` returns for the images.
        rows: Number of rows of the grid.
        columns: Number of columns of the grid.

    Returns:
        A figure of the first `rows * columns` images.
    """
    titles, colors = [], []
    for i in range(min(rows * columns, len(images))):
        number = i % predictions[TABLE.name].shape[1]
        digit = predictions['digit'][i].argmax()
        answer = predictions[TABLE.name][i, number].argmax()
        true = TABLE.answers[labels[i], number]
        right = digit == labels[i] and answer == true
        title = TABLE.equation(digit, number, answer)
        if not right:
            title += f'\n({TABLE.equation(labels[i], number, true)})'
        titles.append(title)
        colors.append('black' if right else RED)
    return _grid(images[: len(titles)], titles, colors, columns)


def wrong_images(
    images: np.ndarray,
    labels: np.ndarray,
    predictions: dict[str, np.ndarray],
    columns: int = 10,
    limit: int = 100,
) -> Figure:
    """Draws the images whose digit is misclassified, most confident first.

    Args:
        images: Array `(n, 28, 28, 1)`, 0..255.
        labels: Integer array `(n,)`, the digits.
        predictions: The dict that `evaluation.predict` returns for the images.
        columns: Number of columns of the grid.
        limit: The largest number of images to draw.

    Returns:
        A figure. Its title gives the number of all misclassified images.
    """
    digit = predictions['digit'].argmax(axis=-1)
    confidence = predictions['digit'].max(axis=-1)
    wrong = np.flatnonzero(digit != labels)
    shown = wrong[np.argsort(-confidence[wrong])][:limit]
    titles = [
        f'{labels[i]}, not {digit[i]}\n{100 * confidence[i]:.0f} %'
        for i in shown
    ]
    text = f'{len(wrong)} of {len(labels):,} images wrong'
    if len(shown) < len(wrong):
        text += f', the {len(shown)} most confident shown'
    return _grid(
        images[shown],
        titles,
        ['black'] * len(shown),
        columns,
        f'{text}: digit, prediction, its probability',
    )


def _grid(images, titles, colors, columns, heading=''):
    """Draws images row by row, each below its title.

    All images share one axes, because an axes for each image would be slow.
    """
    width, height = 40, 50  # size of a cell in pixels; its image is 28x28
    rows = max(1, -(-len(images) // columns))
    canvas = np.zeros((height * rows, width * columns), np.uint8)
    top = 0.4 if heading else 0
    figure, axes = new_figure(
        1.1 * columns, 1.375 * rows + top, margins=(0, 0, 0, top)
    )
    axis = axes[0, 0]
    axis.set_title(heading)
    for i, (image, title, color) in enumerate(zip(images, titles, colors)):
        top, left = height * (i // columns), width * (i % columns)
        canvas[top + 20 : top + 48, left + 6 : left + 34] = image[..., 0]
        axis.text(
            *(left + width / 2, top + 10, title),
            color=color,
            ha='center',
            va='center',
        )
    axis.imshow(canvas, cmap='gray_r', vmin=0, vmax=255)
    axis.axis('off')
    return figure


def answers(
    names: list[str],
    pictures: list[np.ndarray],
    images: np.ndarray,
    outputs: list[dict[str, np.ndarray]],
) -> Figure:
    """Draws pictures, the image that the network saw of each, and its answers.

    Args:
        names: A title for each picture, for example its file name.
        pictures: The original pictures, uint8 arrays `(height, width, 1..4)`.
        images: Array `(n, 28, 28, 1)`, 0..255: the images that the network
            saw.
        outputs: A dict for each picture, of the probabilities `digit` `(10,)`
            and `sum` `(19,)`.

    Returns:
        A figure with a row for each picture.
    """
    rows = len(names)
    figure, axes = new_figure(
        11,
        2.2 * rows,
        2 + len(OUTPUTS),
        rows,
        (0.2, 0.2, 0.4, 0.4),
        width_ratios=[1, 1, 2, *(3 for _ in TABLES)],
    )
    for row, name, picture, image, output in zip(
        axes, names, pictures, images, outputs
    ):
        if picture.shape[-1] % 2 == 0:  # transparent parts become a mid grey
            alpha = picture[..., -1:] / 255
            picture = picture[..., :-1] * alpha + 160 * (1 - alpha)
            picture = picture.astype(np.uint8)
        row[0].imshow(picture, cmap='gray', vmin=0, vmax=255)
        file_names.set_title(row[0], name, fontsize=8)
        row[1].imshow(image, cmap='gray', vmin=0, vmax=255)
        row[1].set_title('as the network saw it', fontsize=8)
        for axis in row[:2]:
            axis.axis('off')
        for axis, key, color in zip(row[2:], OUTPUTS, COLORS):
            classes = np.arange(len(output[key]))
            axis.bar(classes, output[key], color=color)
            axis.set_xticks(classes)
            axis.set_ylim(0, 1)
            axis.set_title(f'P({key})')
    return figure
