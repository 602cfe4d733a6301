import numpy as np
import pytest
import tensorflow as tf

from kerasadder.data import cameras
from kerasadder.data import papers
from kerasadder.data import pens
from kerasadder.data import renderings

SEED = [3, 5]
KINDS = [
    pens.stroke,
    pens.outline,
    cameras.resolution,
    cameras.filtered,
    pens.line,
    pens.neighbour,
    papers.patch,
    papers.texture,
]


def bars(count=400):
    """Images of an upright bar each, 255 on 0, like a 1: rows 4-23."""
    images = np.zeros((count, 28, 28, 1), np.float32)
    images[:, 4:24, 13:16] = 255
    return images


def changed(images, before):
    return (np.abs(np.asarray(images) - before) > 1e-2).any(axis=(1, 2, 3))


def test_equal_seeds_render_equally_and_others_do_not():
    images, labels = bars(8), np.arange(8)
    first, _ = renderings.render(images, labels, SEED)
    again, _ = renderings.render(images, labels, SEED)
    other, _ = renderings.render(images, labels, [3, 6])
    np.testing.assert_array_equal(first, again)
    assert changed(other, first).all()


def test_the_first_images_are_drawn_from_strokes():
    black, labels = np.zeros((40, 28, 28, 1), np.float32), np.arange(40) % 10
    (drawn, digits), (none, same_digits) = (
        renderings.render(black, labels, SEED, share) for share in (0.25, 0.0)
    )
    np.testing.assert_array_equal(same_digits, labels)
    np.testing.assert_array_equal(digits[10:], labels[10:])
    assert (digits[:10].numpy() != labels[:10]).any()
    # Without a digit, only a line or a paper changes an image; the rest of a
    # batch has its ten as neighbours at most.
    same = (drawn == none).numpy().all(axis=(1, 2, 3))
    assert not same[:10].any()
    assert same[11:].all()


def test_each_image_is_rendered_in_its_own_way():
    rendered, _ = renderings.render(bars(50), np.ones(50, int), SEED)
    rendered = rendered.numpy()
    assert rendered.shape == (50, 28, 28, 1)
    assert rendered.dtype == np.float32
    assert np.isfinite(rendered).all()
    assert len({image.tobytes() for image in rendered}) == 50


@pytest.mark.parametrize('kind', KINDS)
def test_a_kind_keeps_the_shape_of_colour_images(kind):
    images = np.zeros((5, 32, 36, 3), np.float32)
    assert kind(images, SEED).shape == (5, 32, 36, 3)


@pytest.mark.parametrize(
    'kind, share',
    [
        (pens.outline, 0.06),
        (cameras.resolution, 0.25),
        (cameras.filtered, 0.65),
        (papers.patch, 0.25),
        (papers.texture, 0.65),
    ],
)
def test_a_kind_renders_its_share(kind, share):
    images = bars(2000)
    # Four standard deviations of the share; some changes are too small to see.
    margin = 4 * np.sqrt(share * (1 - share) / 2000)
    drawn = changed(kind(images, SEED), images).mean()
    assert share - margin - 0.03 < drawn < share + margin


def test_stroke_thins_some_and_thickens_others_within_its_limits():
    images = bars(1000)
    ink = pens.stroke(images, SEED).numpy().sum(axis=(1, 2, 3))
    before = images[0].sum()
    thinnest, thickest = 2 * 19 * 255, 7 * 24 * 255
    assert 0.25 < (ink < before).mean() < 0.35
    assert 0.25 < (ink > before).mean() < 0.35
    assert thinnest - 1 <= ink.min() < 0.8 * before
    assert 1.5 * before < ink.max() <= thickest + 1


def test_outline_empties_the_stroke():
    hollow = pens.outline(bars(3), SEED, share=1.0).numpy()
    assert (hollow[:, 4:24, 13:16] == 0).all()
    assert (hollow[:, 3:25, [12, 16]] == 255).all()


def test_resolution_keeps_even_images_and_blurs_bars():
    even = np.full((4, 28, 28, 1), 100, np.float32)
    same = cameras.resolution(even, SEED, share=1.0)
    np.testing.assert_allclose(same, even, atol=1e-3)
    blurred = cameras.resolution(bars(4), SEED, share=1.0).numpy()
    assert (blurred[:, 14, 12] > 0).all()
    assert (blurred[:, 14, 14] < 255).all()


def test_blur_keeps_the_ink():
    dots = np.zeros((100, 28, 28, 1), np.float32)
    dots[:, 14, 14] = 255
    blurred = cameras.filtered(dots, SEED, blurred=1.0, random=0.0).numpy()
    np.testing.assert_allclose(blurred.sum((1, 2, 3)), 255, rtol=1e-4)
    assert (blurred >= 0).all()
    assert blurred[:, 14, 14].min() < 30


def test_each_image_is_convolved_with_its_own_kernel():
    dots = np.zeros((2, 28, 28, 2), np.float32)
    dots[0, 10, 10, 0] = dots[1, 12, 15, 1] = 1
    kernels = np.random.default_rng(0).normal(size=(2, 9, 9, 1))
    kernels = kernels.astype(np.float32)
    filtered = cameras._convolve(tf.constant(dots), kernels).numpy()
    # A cross-correlation of a dot is the kernel, mirrored.
    np.testing.assert_allclose(
        filtered[0, 6:15, 6:15, 0], kernels[0, ::-1, ::-1, 0], rtol=1e-6
    )
    np.testing.assert_allclose(
        filtered[1, 8:17, 11:20, 1], kernels[1, ::-1, ::-1, 0], rtol=1e-6
    )
    assert (filtered[0, ..., 1] == 0).all()
    assert (filtered[1, ..., 0] == 0).all()


def test_a_line_has_one_grey_and_leaves_most_of_the_image():
    black = np.zeros((500, 28, 28, 1), np.float32)
    lined = pens.line(black, SEED, share=1.0).numpy()
    assert lined.min() >= 0
    assert lined.max() <= 255
    touched = (lined > 0).mean(axis=(1, 2, 3))
    assert touched.max() < 0.4
    assert (touched > 0).mean() > 0.9


def test_neighbour_reaches_in_from_a_side():
    images = np.zeros((2, 28, 28, 1), np.float32)
    images[0, 10:20, 10:20] = 255
    seen = set()
    for seed in range(20):
        _, beside = pens.neighbour(images, [0, seed], share=1.0).numpy()
        columns = np.flatnonzero(beside.any(axis=(0, 2)))
        # 19 pixels away, the columns 10-19 are at -9-0 or at 29-38.
        assert set(columns) <= {0}
        seen |= set(columns)
    assert seen == {0}


def test_patch_leaves_the_middle():
    images = bars(300)
    patched = papers.patch(images, SEED, share=1.0).numpy()
    middle = np.s_[:, 12:16, 12:16]
    np.testing.assert_allclose(patched[middle], images[middle], atol=64)
    assert patched.min() >= -1
    assert patched.max() <= 256
    assert changed(patched, images).mean() > 0.9


def test_specks_hit_at_most_30_percent_of_the_pixels():
    grey = np.full((300, 28, 28, 1), 101.5, np.float32)
    hit = (papers.specks(grey, SEED).numpy() != 101.5).mean((1, 2, 3))
    assert hit.max() < 0.36
    assert 0.12 < hit.mean() < 0.18


def test_grain_has_no_bias():
    grey = np.full((300, 28, 28, 1), 100.0, np.float32)
    grainy = papers.grain(grey, SEED).numpy()
    assert abs(grainy.mean() - 100) < 1
    assert 60 < grainy.std(axis=(1, 2, 3)).max() < 100
