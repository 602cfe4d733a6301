"""The corruptions against what their definitions say of single images."""

import numpy as np
import pytest

from benchmarks.corruptions import KINDS
from benchmarks.corruptions import corrupt

# As TFDS calls the configurations of mnist_corrupted.
TFDS_NAMES = (
    *('shot_noise', 'impulse_noise', 'glass_blur', 'motion_blur', 'shear'),
    *('scale', 'rotate', 'brightness', 'translate', 'stripe', 'fog'),
    *('spatter', 'dotted_line', 'zigzag', 'canny_edges'),
)


def squares(count=40):
    """Makes images of an 8x8 square, of 200, in the middle."""
    images = np.zeros((count, 28, 28, 1), np.uint8)
    images[:, 10:18, 10:18] = 200
    return images


def centre_of_mass(images):
    """Returns row and column of each image's centre of mass, `(2, n)`."""
    mass = images[..., 0] / images.sum(axis=(1, 2, 3), keepdims=True)[..., 0]
    return np.array(
        [
            (mass.sum(axis=2) * np.arange(28)).sum(axis=1),
            (mass.sum(axis=1) * np.arange(28)).sum(axis=1),
        ]
    )


def spread(images):
    """Returns the covariance of rows and columns, mass by mass, `(n, 2, 2)`."""
    points = np.mgrid[:28, :28].reshape(2, -1)
    return np.array(
        [np.cov(points, aweights=image.ravel()) for image in images]
    )


def test_kinds_are_those_of_tfds():
    assert KINDS == TFDS_NAMES


@pytest.mark.parametrize('kind', KINDS)
def test_images_change_and_stay_images(kind):
    images = squares()
    before = images.copy()
    corrupted = corrupt(images, kind)
    assert corrupted.shape == images.shape
    assert corrupted.dtype == np.uint8
    assert (corrupted != images).any(axis=(1, 2, 3)).all()
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize('kind', KINDS)
def test_seed_decides(kind):
    images = squares(8)
    np.testing.assert_array_equal(
        corrupt(images, kind, seed=3), corrupt(images, kind, seed=3)
    )
    drawn = kind not in ('scale', 'brightness', 'stripe', 'canny_edges')
    others = corrupt(images, kind, seed=4)
    assert (corrupt(images, kind, seed=3) != others).any() == drawn
    if drawn:  # for each image anew
        assert len(np.unique(others, axis=0)) > 1


def test_shot_noise_counts_three_photons_at_most_on_average():
    corrupted = corrupt(np.full((50, 28, 28, 1), 255, np.uint8), 'shot_noise')
    # 0, 1, 2 and, clipped, 3 and more; P(0) = exp(-3).
    assert set(np.unique(corrupted)) == {0, 85, 170, 255}
    assert (corrupted == 0).mean() == pytest.approx(np.exp(-3), abs=0.005)


def test_impulse_noise_is_as_often_white_as_black():
    corrupted = corrupt(np.full((50, 28, 28, 1), 99, np.uint8), 'impulse_noise')
    for value, share in ((0, 0.085), (99, 0.83), (255, 0.085)):
        assert (corrupted == value).mean() == pytest.approx(share, abs=0.005)


@pytest.mark.parametrize(
    ('kind', 'reach'), [('glass_blur', 3), ('motion_blur', 10)]
)
def test_blur_keeps_the_mass_and_spreads_it(kind, reach):
    images = squares()
    corrupted = corrupt(images, kind)
    mass = corrupted.sum(axis=(1, 2, 3)) / images.sum(axis=(1, 2, 3))
    np.testing.assert_allclose(mass, 1, atol=0.02)
    wider = np.trace(spread(corrupted) - spread(images), axis1=1, axis2=2)
    assert (wider > 0.9).all()
    assert (wider < reach**2).all()


def test_motion_blur_is_longer_along_than_across():
    # From the horizontal by 45 degrees at most.
    wider = spread(corrupt(squares(), 'motion_blur')) - spread(squares())
    assert (wider[:, 1, 1] >= wider[:, 0, 0] - 0.2).all()
    along = np.linalg.eigvalsh(wider)
    assert (along[:, 1] > 2).all()
    assert (along[:, 0] < 0.3).all()


def test_shear_leans_the_vertical_axis_by_the_angle():
    # A row of the result is cos(0.4) rows of the image, moved by sin(0.4).
    images = np.zeros((40, 28, 28, 1), np.uint8)
    images[:, 8:20, 12:16] = 200
    before, after = spread(images), spread(corrupt(images, 'shear'))
    lean = after[:, 0, 1] / after[:, 0, 0]
    np.testing.assert_allclose(np.abs(lean), np.sin(0.4), rtol=0.03)
    assert set(np.sign(lean)) == {-1, 1}
    longer = after[:, 0, 0] / before[:, 0, 0]
    np.testing.assert_allclose(longer, 1 / np.cos(0.4) ** 2, rtol=0.03)


def test_scale_shrinks_to_seven_tenths():
    images = np.zeros((1, 28, 28, 1), np.uint8)
    images[:, 4:24, 4:24] = 255
    corrupted = corrupt(images, 'scale')
    assert corrupted.sum() == pytest.approx(0.7**2 * images.sum(), rel=0.01)
    np.testing.assert_allclose(centre_of_mass(corrupted), 13.5, atol=0.01)


def test_rotate_turns_by_the_angle_either_way():
    images = np.zeros((40, 28, 28, 1), np.uint8)
    images[:, 13:15, 4:24] = 255  # a horizontal bar
    covariance = spread(corrupt(images, 'rotate'))
    angle = 0.5 * np.arctan2(
        2 * covariance[:, 0, 1], covariance[:, 1, 1] - covariance[:, 0, 0]
    )
    np.testing.assert_allclose(np.abs(angle), 0.4, atol=0.01)
    assert set(np.sign(angle)) == {-1, 1}


def test_brightness_raises_every_pixel_until_white():
    images = np.arange(256, dtype=np.uint8)[:, None, None, None]
    images = np.broadcast_to(images, (256, 28, 28, 1))
    corrupted = corrupt(images, 'brightness').astype(int)
    expected = np.minimum(images + 127.5, 255)
    assert np.abs(corrupted - expected).max() <= 0.5


def test_translate_moves_by_three_pixels_along_both_axes():
    moved = centre_of_mass(corrupt(squares(), 'translate')) - 13.5
    np.testing.assert_allclose(np.abs(moved), 3, atol=0.01)
    assert len(np.unique(np.sign(moved), axis=1).T) == 4


def test_stripe_inverts_exactly_the_outer_quarters():
    images = squares()
    corrupted = corrupt(images, 'stripe')
    outer = np.r_[0:7, 21:28]
    np.testing.assert_array_equal(
        corrupted[:, :, outer], 255 - images[:, :, outer]
    )
    np.testing.assert_array_equal(corrupted[:, :, 7:21], images[:, :, 7:21])


def test_fog_leaves_a_quarter_of_the_contrast_on_a_smooth_ground():
    images = 255 * (squares() > 0).astype(np.uint8)
    dark, light = corrupt(0 * images + 1, 'fog'), corrupt(images, 'fog')
    assert dark.max() < 3  # an image without light has none from the fog
    inside = light[:, 11:17, 11:17].mean(axis=(1, 2, 3))
    around = light[:, 4:24, 4:24].copy()
    around[:, 4:16, 4:16] = 0
    around = around.sum(axis=(1, 2, 3)) / (20**2 - 12**2)
    np.testing.assert_allclose((inside - around).mean(), 255 / 4, atol=4)
    assert around.std() > 20
    steps = np.abs(np.diff(light[:, :8, :, 0].astype(int), axis=2))
    assert steps.mean() < 6


def test_spatter_is_of_a_dark_grey():
    corrupted = corrupt(0 * squares(), 'spatter')
    assert corrupted.max() == 63
    # Where it is, it covers at least 0.8.
    assert corrupted[corrupted > 0].min() >= round(0.8 * 63)
    assert 0.05 < (corrupted > 0).mean() < 0.5


def test_dotted_line_leaves_every_other_two_columns():
    corrupted = corrupt(0 * squares(), 'dotted_line')[..., 0]
    columns = corrupted.max(axis=1)
    outside = (np.arange(28) // 2 % 2 == 0) | (np.arange(28) == 27)
    assert (columns[:, outside] == 0).all()
    # A line goes on below its dots: from row r at column 0 to s at 27.
    rows = corrupted.argmax(axis=1)[:, ~outside]
    x = np.arange(28)[~outside]
    for line in rows:
        fit = np.polyfit(x, line, 1)
        assert np.abs(np.polyval(fit, x) - line).max() <= 1


def test_zigzag_goes_up_and_down_four_pixels():
    corrupted = corrupt(0 * squares(), 'zigzag')[..., 0].astype(int)
    inside = (corrupted[:, [0, -1]] == 0).all(axis=(1, 2))
    assert inside.sum() > 10
    for image in corrupted[inside]:
        rows = image.argmax(axis=0)[3:25]
        x = np.arange(3, 25)
        off = rows - np.polyval(np.polyfit(x, rows, 1), x)
        assert 1.3 < off.max() < 3.5
        assert -3.5 < off.min() < -1.3
        # Three teeth up and three down, each crossing the middle.
        assert 4 <= (np.diff(np.sign(off[np.abs(off) > 0.7])) != 0).sum() <= 6
    assert (corrupted[:, :, :2] == 0).all()
    assert (corrupted[:, :, 26:] == 0).all()


def test_canny_edges_are_outlines():
    edges = corrupt(squares(1), 'canny_edges')[0, ..., 0]
    assert set(np.unique(edges)) == {0, 255}
    outline = np.zeros((28, 28), bool)
    outline[9:19, 9:19] = True
    outline[11:17, 11:17] = False  # the pixels on both sides of the border
    assert not edges[~outline].any()
    assert edges[:, 13].astype(bool).sum() >= 2
    assert edges[13].astype(bool).sum() >= 2


def test_faint_edges_count_where_they_join_steep_ones():
    # A step of height h has, after the blur, a slope by Sobel's weights of
    # 4 h (P(Z < 0.5) - P(Z < -1.5)) = 2.5 h: 0.13 for the left end, 0.59 right.
    images = np.zeros((2, 28, 28, 1), np.uint8)
    images[0, 14:] = 13
    images[1, 14:] = np.linspace(13, 60, 28)[:, None]
    alone, joined = corrupt(images, 'canny_edges')[..., 0] > 0
    assert not alone.any()
    assert joined[13:15, 2:26].any(axis=0).all()
