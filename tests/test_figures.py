import numpy as np
import pytest

from kerasadder import figures
from kerasadder import plots
from kerasadder.evaluation import SUMS


@pytest.fixture
def answers():
    """Forty images, their digits, and predictions of which three are wrong."""
    labels = np.arange(40) % 10
    images = np.zeros((40, 28, 28, 1), np.uint8)
    digit = np.eye(10)[labels]
    sums = np.eye(19)[SUMS[labels]]
    for i, confidence in ((5, 0.6), (17, 0.9), (33, 0.8)):
        digit[i] = np.eye(10)[(labels[i] + 1) % 10] * confidence
        sums[i] = np.eye(19)[SUMS[(labels[i] + 1) % 10]]
    return images, labels, {'digit': digit, 'sum': sums}


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_predictions_grid_marks_the_wrong_ones(answers):
    figure = figures.predictions_grid(*answers, rows=4, columns=10)
    # Image 12 is a 2 and goes with number 2; image 17, a 7, is taken for 8.
    assert texts(figure)[12] == '2 + 2 = 4'
    assert texts(figure)[17] == '8 + 7 = 15\n(7 + 7 = 14)'
    red = [t.get_color() == figures.RED for t in figure.axes[0].texts]
    assert np.flatnonzero(red).tolist() == [5, 17, 33]


def test_grid_shows_each_image_below_its_title(answers):
    images, labels, predictions = answers
    images = images.copy()
    images[13] = 7
    figure = figures.predictions_grid(images, labels, predictions, 2, 10)
    (picture,) = figure.axes[0].images
    rows, columns = np.nonzero(picture.get_array() == 7)
    assert len(rows) == 28 * 28
    x, y = figure.axes[0].texts[13].get_position()
    assert columns.min() < x < columns.max()
    assert y < rows.min()


def test_wrong_images_come_surest_first(answers):
    figure = figures.wrong_images(*answers)
    assert texts(figure) == [
        '7, not 8\n90 %',
        '3, not 4\n80 %',
        '5, not 6\n60 %',
    ]
    assert '3 of 40 images wrong' in figure.axes[0].get_title()


def test_no_wrong_images_are_drawn_too(answers):
    images, labels, _ = answers
    right = {'digit': np.eye(10)[labels]}
    figure = figures.wrong_images(images, labels, right)
    assert '0 of 40' in figure.axes[0].get_title()


def test_confusion_matrices_count_every_pair(answers):
    _, labels, predictions = answers
    figure = plots.confusion_matrices(predictions, labels)
    digit, sums = [axis.images[0].get_array() for axis in figure.axes[:2]]
    # One of the four 5s is a 6.
    assert digit[5, 6] == 25
    assert digit.trace() == 0
    # Sum 0 comes from digit 0 alone, always right; 18 from digit 9 alone.
    assert sums[0].sum() == 0
    assert sums[18].sum() == 0
    assert sums[9].sum() == pytest.approx(100 * 3 / 40)


def test_addition_table_shows_the_likeliest_sums():
    table = np.full((10, 10, 19), -10.0)
    np.put_along_axis(table, SUMS[..., None], 0.0, axis=-1)
    table[2, 3] = np.roll(table[2, 3], 1)
    figure = plots.addition_table(table)
    title = figure.axes[0].get_title()
    assert title == 'learned addition table: 99 of 100 right'
    assert texts(figure)[23:25] == ['6', '6']


def test_learning_curves_have_the_history_in_them():
    names = ('digit_loss', 'sum_loss', 'digit_accuracy', 'sum_accuracy')
    history = [
        {'epoch': epoch}
        | {f'{p}{n}': 1 - 0.1 * epoch for n in names for p in ('', 'val_')}
        for epoch in (1, 2, 3)
    ]
    figure = plots.learning_curves(history)
    for axis in figure.axes:
        assert len(axis.lines) == 4
    np.testing.assert_allclose(
        figure.axes[1].lines[0].get_ydata(), [10, 20, 30]
    )


def test_pixels_are_rgba(answers):
    figure = figures.predictions_grid(*answers, rows=1, columns=2)
    pixels = figures.pixels(figure)
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert pixels.shape[-1] == 4
