import numpy as np
import pytest

from kerasadder.plots import addition_table
from kerasadder.plots import image_grids
from kerasadder.plots import learning_curves
from kerasadder.plots import scores
from kerasadder.plots import style
from kerasadder.task import SUMS


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


def test_examples_have_digit_number_and_sum_in_their_titles(answers):
    images, labels, _ = answers
    inputs = {'image': images, 'number': np.eye(10)[[3] * 40]}
    figure = image_grids.examples(inputs, {'digit': labels, 'sum': labels + 3})
    assert len(texts(figure)) == 40
    assert texts(figure)[19] == '9 + 3 = 12'


def test_predictions_grid_marks_the_wrong_ones(answers):
    figure = image_grids.predictions_grid(*answers, rows=4, columns=10)
    # Image 12 is a 2 and goes with number 2; image 17, a 7, is taken for 8.
    assert texts(figure)[12] == '2 + 2 = 4'
    assert texts(figure)[17] == '8 + 7 = 15\n(7 + 7 = 14)'
    red = [t.get_color() == style.RED for t in figure.axes[0].texts]
    assert np.flatnonzero(red).tolist() == [5, 17, 33]


def test_grid_shows_each_image_below_its_title(answers):
    images, labels, predictions = answers
    images = images.copy()
    images[13] = 7
    figure = image_grids.predictions_grid(images, labels, predictions, 2, 10)
    (picture,) = figure.axes[0].images
    rows, columns = np.nonzero(picture.get_array() == 7)
    assert len(rows) == 28 * 28
    x, y = figure.axes[0].texts[13].get_position()
    assert columns.min() < x < columns.max()
    assert y < rows.min()


def test_wrong_images_come_surest_first(answers):
    figure = image_grids.wrong_images(*answers)
    assert texts(figure) == [
        '7, not 8\n90 %',
        '3, not 4\n80 %',
        '5, not 6\n60 %',
    ]
    assert '3 of 40 images wrong' in figure.axes[0].get_title()


def test_no_wrong_images_are_drawn_too(answers):
    images, labels, _ = answers
    right = {'digit': np.eye(10)[labels]}
    figure = image_grids.wrong_images(images, labels, right)
    assert '0 of 40' in figure.axes[0].get_title()


def test_confusion_matrices_count_every_pair(answers):
    _, labels, predictions = answers
    figure = scores.confusion_matrices(predictions, labels)
    digit, sums = [axis.images[0].get_array() for axis in figure.axes[:2]]
    # One of the four 5s is a 6.
    assert digit[5, 6] == 25
    assert digit.trace() == 0
    # Sum 0 comes from digit 0 alone, always right; 18 from digit 9 alone.
    assert sums[0].sum() == 0
    assert sums[18].sum() == 0
    assert sums[9].sum() == pytest.approx(100 * 3 / 40)


def table(probability=0.9):
    """A log table that gives each right sum this probability."""
    probabilities = np.full((10, 10, 19), (1 - probability) / 18)
    np.put_along_axis(probabilities, SUMS[..., None], probability, axis=-1)
    return np.log(probabilities)


def test_addition_table_shows_the_likeliest_sums():
    learned = table()
    learned[2, 3] = np.roll(learned[2, 3], 1)
    learned[2, 4] = learned[2, 4].mean()
    figure = addition_table.addition_table(learned)
    title = figure.axes[0].get_title()
    assert title == 'learned addition table: 98 of 100 right'
    # 2 + 3 is taken for 6; of 2 + 4 it knows nothing.
    assert texts(figure)[22:26] == ['4', '6', '?', '7']
    marked = [text.get_bbox_patch() for text in figure.axes[0].texts]
    assert [i for i, patch in enumerate(marked) if patch] == [23]


def test_colour_of_the_addition_table_is_the_expected_sum():
    figure = addition_table.addition_table(table(0.5))
    (picture,) = figure.axes[0].images
    # Half on the right sum, the rest on the others alike.
    expected = 0.5 * SUMS + 0.5 * (9 * 19 - SUMS) / 18
    np.testing.assert_allclose(picture.get_array(), expected)


def test_before_during_after_are_the_ends_and_half_way():
    notes = {
        0: table(1 / 19),
        10: table(0.2),
        20: table(0.4),
        30: table(0.8),
        40: table(0.9),
    }
    chosen = addition_table.before_during_after(notes)
    assert list(chosen) == [0, 20, 40]
    assert all(chosen[step] is notes[step] for step in chosen)


def test_addition_table_steps_say_when_and_how_much_is_known():
    tables = {0: np.full((10, 10, 19), -np.log(19)), 15: table(0.4)}
    figure = addition_table.addition_table_steps(tables, steps_per_epoch=20)
    before, after = figure.axes[:2]
    assert before.get_title() == ('step 0, epoch 0\n0 of 100 right, P = 5 %')
    assert after.get_title() == (
        'step 15, epoch 0.75\n100 of 100 right, P = 40 %'
    )
    assert {text.get_text() for text in before.texts} == {'?'}
    assert after.texts[99].get_text() == '18'


@pytest.fixture
def history():
    names = ('digit_loss', 'sum_loss', 'digit_accuracy', 'sum_accuracy')
    return [
        {'epoch': epoch}
        | {f'{p}{n}': 1 - 0.1 * epoch for n in names for p in ('', 'val_')}
        for epoch in (1, 2, 3)
    ]


def lines(axis):
    return {line.get_label(): line.get_xydata() for line in axis.lines}


def test_learning_curves_have_the_losses_in_them(history):
    drawn = lines(learning_curves.learning_curves(history).axes[0])
    assert set(drawn) == {
        f'{output}, {split}'
        for output in ('digit', 'sum')
        for split in ('training', 'validation')
    }
    for curve in drawn.values():
        np.testing.assert_allclose(curve, [[1, 0.9], [2, 0.8], [3, 0.7]])


def test_learning_curves_stand_beside_the_seed_project(history):
    drawn = lines(learning_curves.learning_curves(history).axes[1])
    for output in ('digit', 'sum'):
        np.testing.assert_allclose(
            drawn[f'{output}, this run'], [[1, 90], [2, 80], [3, 70]]
        )
    seed = 'seed project (PyTorch, 20 epochs)'
    digit, sums = drawn[f'digit, {seed}'], drawn[f'sum, {seed}']
    np.testing.assert_allclose(digit[[0, -1]], [[1, 72.58], [20, 98.80]])
    np.testing.assert_allclose(sums[[0, -1]], [[1, 10.28], [20, 98.50]])


def test_learning_curves_draw_a_perfect_run(history):
    perfect = [
        {
            name: 1 if 'accuracy' in name else value
            for name, value in row.items()
        }
        for row in history
    ]
    figure = learning_curves.learning_curves(perfect)
    assert np.ptp(style.pixels(figure)) > 0


def test_reliability_diagrams_show_accuracy_gap_and_count(answers):
    _, labels, predictions = answers
    figure = scores.reliability_diagrams(predictions, labels)
    above, _, below, _ = figure.axes
    accuracy, gap = above.containers
    # Wrong with 0.6, 0.9 and 0.8: bins 8, 13 and 11; the others are sure.
    np.testing.assert_allclose(
        [bar.get_x() for bar in accuracy], np.array([8, 11, 13, 14]) / 15
    )
    heights = [bar.get_height() for bar in accuracy]
    np.testing.assert_allclose(heights, [0, 0, 0, 1])
    tops = [bar.get_y() + bar.get_height() for bar in gap]
    np.testing.assert_allclose(tops, [0.6, 0.8, 0.9, 1])
    counts = [bar.get_height() for bar in below.containers[0]]
    assert counts == [1, 1, 1, 37]
    ece = 100 * (0.6 + 0.8 + 0.9) / 40
    assert above.get_title() == f'digit: ECE {ece:.2f} %'


def test_reliability_of_sums_counts_every_pair(answers):
    _, labels, predictions = answers
    figure = scores.reliability_diagrams(predictions, labels)
    assert figure.axes[1].get_title() == f'sum: ECE {100 * 3 / 40:.2f} %'
    (bars,) = figure.axes[3].containers
    assert [bar.get_height() for bar in bars] == [400]


def test_a_hundred_wrong_images_are_drawn_and_more_counted(answers):
    labels = np.arange(120) % 10
    wrong = np.eye(10)[(labels + 1) % 10]
    images = np.zeros((120, 28, 28, 1), np.uint8)
    figure = image_grids.wrong_images(images, labels, {'digit': wrong})
    assert len(texts(figure)) == 100
    title = figure.axes[0].get_title()
    assert title.startswith('120 of 120 images wrong, the surest 100 shown')


def test_pixels_are_rgba(answers):
    figure = image_grids.predictions_grid(*answers, rows=1, columns=2)
    pixels = style.pixels(figure)
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert pixels.shape[-1] == 4
