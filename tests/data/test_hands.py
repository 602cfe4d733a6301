import numpy as np
import pytest
import tensorflow as tf

import kerasadder
from kerasadder.data import hands

SEED = [3, 5]


def draw(count, shape=(28, 28, 1), seed=SEED):
    images, digits = hands.draw(tf.zeros((count, *shape)), seed)
    return images.numpy(), digits.numpy()


def drawn(digit, count=2000):
    """The images of one digit among `count` drawn ones."""
    images, digits = draw(count)
    return images[digits == digit]


def test_equal_seeds_draw_equally_and_others_do_not():
    first, again, other = draw(10), draw(10), draw(10, seed=[3, 6])
    for one, same in zip(first, again):
        np.testing.assert_array_equal(one, same)
    assert (np.abs(first[0] - other[0]).max(axis=(1, 2, 3)) > 100).all()


def test_each_image_is_drawn_in_its_own_way():
    images, digits = draw(50)
    assert images.dtype == np.float32
    assert digits.dtype == np.int32
    assert images.min() == 0
    assert images.max() == 255
    assert len({image.tobytes() for image in images}) == 50


@pytest.mark.parametrize('shape', [(28, 28, 1), (32, 36, 3)])
def test_a_digit_has_the_size_and_the_place_that_mnist_gives_it(shape):
    images, _ = draw(500, shape)
    assert images.shape == (500, *shape)
    np.testing.assert_array_equal(images, images[..., :1].repeat(shape[2], -1))
    rows = [np.flatnonzero(image.any(axis=(1, 2))) for image in images]
    first, last = np.array([(row[0], row[-1]) for row in rows]).T
    # The height of the form, and a pen of 1 to 4.2 pixels, or 6 if hollow.
    assert 20 < (last - first + 1).mean() < 24
    assert abs((first + last).mean() - (shape[0] - 1)) < 0.2


def test_the_points_wobble():
    """Each form of an 8 is as high as the other, and a pen widens both ends."""
    images = drawn(8)
    rows = [np.flatnonzero(image.any(axis=(1, 2))) for image in images]
    middle = np.array([(row[0] + row[-1]) / 2 for row in rows])
    assert 0.4 < middle.std() < 1.2


def test_the_pens_are_of_many_widths():
    images = drawn(0, count=9000)
    # A 0 is left blank within, so that each row has two strokes.
    middle = (images[:, 14, :, 0] / 255).sum(axis=1) / 2
    assert 1 < np.quantile(middle, 0.05) < 1.7
    assert 3.5 < np.quantile(middle, 0.95) < 4.5


def test_all_forms_are_drawn_equally_often():
    """One form of a 1 is a single stroke; the others have a flag."""
    images, digits = draw(9000)
    counts = np.array([len(forms) for forms in hands.FORMS])
    shares = np.bincount(digits) / 9000
    np.testing.assert_allclose(shares, counts / counts.sum(), atol=0.015)
    columns = images[digits == 1].any(axis=(1, 3)).sum(axis=1)
    assert (columns < 7).mean() == pytest.approx(1 / counts[1], abs=0.03)


def test_some_digits_are_hollow():
    """Near its foot a 7 is one stroke, with two rims if it is hollow."""
    row = drawn(7, count=9000)[:, 18, :, 0] > 127
    rims = row[:, 0] + (np.diff(row.astype(int)) == 1).sum(axis=1)
    assert (rims == 2).mean() == pytest.approx(hands.HOLLOW, abs=0.03)
    assert np.isin(rims, (1, 2)).all()


def test_points_in_common_stay_together():
    """The corner of a 7 has no gap, however its points wobble."""
    points, starts, ends = hands._compile(['0,0 10,0 | 10,0 5,9', '1,2 3,4'])
    np.testing.assert_array_equal(
        points, [[[0, 0], [10, 0], [5, 9]], [[1, 2], [3, 4], [0, 0]]]
    )
    np.testing.assert_array_equal(
        starts @ points, [[[0, 0], [10, 0]], [[1, 2], [1, 2]]]
    )
    np.testing.assert_array_equal(
        ends @ points, [[[10, 0], [5, 9]], [[3, 4], [3, 4]]]
    )


def test_a_curve_runs_through_its_points():
    knots = np.float64([[0, 0], [4, 2], [8, 0]])
    curve = hands._curve(knots)
    np.testing.assert_allclose(curve[:: hands.PIECES], knots)
    # Level where it turns, and never far from its points.
    assert curve[:, 1].max() == pytest.approx(2, abs=0.05)
    assert curve[:, 1].min() == 0
    assert (np.diff(curve[:, 0]) > 0).all()


def test_the_shipped_model_reads_every_digit_as_the_one_that_was_drawn():
    images, digits = draw(2000)
    model = kerasadder.load_model()
    number = np.eye(10, dtype=np.float32)[np.zeros(2000, int)]
    outputs = model.predict(
        {'image': images, 'number': number}, batch_size=500, verbose=0
    )
    right = outputs['digit'].argmax(-1) == digits
    # A 1 may have so long a flag that it is as much a 7.
    assert right[digits == 1].mean() > 0.75
    assert right[digits != 1].mean() > 0.99
    assert right.mean() > 0.95
