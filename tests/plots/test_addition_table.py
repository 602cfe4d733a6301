import numpy as np

from kerasadder.plots import addition_table
from kerasadder.task import SUMS


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def table(probability=0.9):
    """Returns a log table that gives this probability to each right sum."""
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
    # The table says 2 + 3 = 6. All sums of 2 + 4 are equally probable.
    assert texts(figure)[22:26] == ['4', '6', '?', '7']
    marked = [text.get_bbox_patch() for text in figure.axes[0].texts]
    assert [i for i, patch in enumerate(marked) if patch] == [23]


def test_colour_of_the_addition_table_is_the_expected_sum():
    figure = addition_table.addition_table(table(0.5))
    (picture,) = figure.axes[0].images
    # The right sum has half of the probability. The other 18 sums, whose total
    # is 9 * 19 minus the right sum, share the rest equally.
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
