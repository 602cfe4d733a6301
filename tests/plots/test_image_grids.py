import numpy as np

from kerasadder.plots import image_grids
from kerasadder.plots import style


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
    # Image 12 is a 2 and its number is 2. Image 17 is a 7, predicted as an 8.
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


def test_a_hundred_wrong_images_are_drawn_and_more_counted(answers):
    labels = np.arange(120) % 10
    wrong = np.eye(10)[(labels + 1) % 10]
    images = np.zeros((120, 28, 28, 1), np.uint8)
    figure = image_grids.wrong_images(images, labels, {'digit': wrong})
    assert len(texts(figure)) == 100
    title = figure.axes[0].get_title()
    assert title.startswith(
        '120 of 120 images wrong, the 100 most confident shown'
    )
