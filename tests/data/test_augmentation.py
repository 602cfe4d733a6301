import numpy as np
import pytest
import tensorflow as tf

from kerasadder.data import augmentation

NOTHING = {
    'rotation': 0.0,
    'scale': 0.0,
    'shear': 0.0,
    'shift': 0.0,
    'elastic': 0.0,
}


def images(count=8, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, 256, (count, 28, 28, 1), dtype)


def blob():
    """Returns images with a bright square around the centre."""
    image = np.zeros((200, 29, 29, 1), np.float32)
    image[:, 12:17, 12:17] = 1
    return image


def centres(warped):
    """Returns row and column of each centre of mass, counted from 14."""
    warped = np.asarray(warped)[..., 0]
    axis = np.arange(29) - 14
    total = warped.sum((1, 2))
    rows = (warped.sum(2) * axis).sum(1) / total
    columns = (warped.sum(1) * axis).sum(1) / total
    return rows, columns


def test_no_strength_changes_nothing():
    warped = augmentation.random_warp(images(), [0, 0], **NOTHING)
    np.testing.assert_allclose(warped, images(), atol=1e-3)


def test_keeps_shape_and_range_and_gives_float32():
    warped = augmentation.random_warp(images(), [0, 0])
    assert warped.dtype == tf.float32
    assert warped.shape == (8, 28, 28, 1)
    assert tf.reduce_min(warped) >= 0
    assert tf.reduce_max(warped) <= 255


def test_is_a_function_of_the_seed():
    first = augmentation.random_warp(images(), [3, 4])
    again = augmentation.random_warp(images(), [3, 4])
    other = augmentation.random_warp(images(), [3, 5])
    np.testing.assert_array_equal(first, again)
    assert (first != other).numpy().any()


def test_each_image_gets_its_own_warp():
    same = np.repeat(images(1), 8, axis=0)
    warped = augmentation.random_warp(same, [0, 0]).numpy()
    assert len({image.tobytes() for image in warped}) == 8


def test_shift_is_in_pixels():
    warped = augmentation.random_warp(
        blob(), [0, 0], **{**NOTHING, 'shift': 3.0}
    )
    for centre in centres(warped):
        assert 2.5 < np.abs(centre).max() <= 3.001
        assert abs(centre.mean()) < 0.5


@pytest.mark.parametrize('strength', ['rotation', 'scale', 'shear'])
def test_other_warps_keep_the_centre(strength):
    amount = {'rotation': 45.0, 'scale': 0.3, 'shear': 0.3}[strength]
    warped = augmentation.random_warp(
        blob(), [0, 0], **{**NOTHING, strength: amount}
    )
    for centre in centres(warped):
        np.testing.assert_allclose(centre, 0, atol=0.05)


def test_rotation_is_in_degrees():
    line = np.zeros((300, 29, 29, 1), np.float32)
    line[:, 14] = 1  # a horizontal line through the centre
    warped = augmentation.random_warp(
        line, [0, 0], **{**NOTHING, 'rotation': 20.0}
    )
    # The row of the line in a column 10 to the right tells its angle.
    column = np.asarray(warped)[:, :, 24, 0]
    rows = (column * (np.arange(29) - 14)).sum(1) / column.sum(1)
    angle = np.degrees(np.arctan(rows / 10))
    assert 17 < np.abs(angle).max() < 20.5


def test_scale_is_relative():
    warped = augmentation.random_warp(
        blob(), [0, 0], **{**NOTHING, 'scale': 0.2}
    )
    # The map goes from output to input: 1 / 1.2 to 1 / 0.8 of the 25 pixels.
    area = np.asarray(warped).sum((1, 2, 3)) / 25
    assert 1 / 1.2**2 - 0.05 < area.min() < 0.8
    assert 1.3 < area.max() < 1 / 0.8**2 + 0.05


def test_elastic_distortion_is_in_pixels_and_smooth():
    # A pixel's value is its column, which shows where the pixel came from.
    ramp = np.broadcast_to(
        np.arange(100, dtype=np.float32)[:, None], (500, 100, 100, 1)
    )
    warped = augmentation.random_warp(
        ramp, [0, 0], **{**NOTHING, 'elastic': 2.0}
    )
    moved = np.asarray(warped - ramp)[:, 10:-10, 10:-10, 0]
    assert moved.std() == pytest.approx(2.0, rel=0.1)
    assert abs(moved.mean()) < 0.2
    # Neighbouring pixels move together, distant pixels do not.
    assert np.diff(moved, axis=1).std() < 0.2
    assert np.corrcoef(moved[:, 5, 5], moved[:, 75, 75])[0, 1] < 0.2


def test_interpolation_is_bilinear_between_zeros():
    """Compares with TensorFlow's own, for a map that leaves the image."""
    pictures = tf.cast(images(4), tf.float32)
    a, b, c, d, e, f = affine = [1.1, 0.3, -4.5, -0.2, 0.9, 6.3]
    y, x = np.mgrid[:28, :28].astype(np.float32).reshape(2, 1, -1)
    sampled = augmentation._bilinear(
        pictures,
        np.repeat(a * x + b * y + c, 4, axis=0),
        np.repeat(d * x + e * y + f, 4, axis=0),
    )
    expected = tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=tf.constant([[*affine, 0.0, 0.0]]),
        output_shape=[28, 28],
        interpolation='BILINEAR',
        fill_mode='CONSTANT',
        fill_value=0.0,
    )
    assert 0.1 < np.mean(expected == 0) < 0.6
    np.testing.assert_allclose(sampled, expected, atol=0.01)
