import contextlib
import ctypes
import io
import itertools
import re

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from PIL import ImageDraw

from kerasadder.pictures import placing
from kerasadder.pictures import whole
from kerasadder.pictures.normalize import normalize_pictures
from kerasadder.pictures.normalize import seen
from kerasadder.pictures.normalize import trust
from tests.support.mnist import first_images


def ink(height=300, width=240, size=1.0, top=60, left=60, strokes=24):
    """Draws a 4, which has no symmetry: floats 0..1, where 1 is ink."""
    image = Image.new('L', (width, height))
    draw = ImageDraw.Draw(image)
    points = [(40, 0), (0, 90), (100, 90)], [(80, 40), (80, 160)]
    for line in points:
        moved = [(left + size * x, top + size * y) for x, y in line]
        draw.line(moved, fill=255, width=strokes, joint='curve')
    return np.asarray(image) / 255


def encode(values, kind='PNG', mode=None):
    """Encodes floats `(height, width[, channels])`, where 1 is white."""
    pixels = np.clip(255 * np.asarray(values), 0, 255).astype(np.uint8)
    image = Image.fromarray(pixels)
    buffer = io.BytesIO()
    (image.convert(mode) if mode else image).save(buffer, kind)
    return buffer.getvalue()


def normalize(*pictures):
    """Returns the two readings of each picture."""
    return normalize_pictures(list(pictures)).numpy()


@pytest.fixture(scope='module')
def expected():
    return normalize(encode(ink()))[0, 0]


def slope(shape):
    """Returns light that falls in from one side and fades to the corners."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    return 0.8 + 0.1 * x - 0.1 * (x * x + y * y)


def noise(shape):
    return np.random.default_rng(0).normal(0, 0.03, shape)


def transparent(lightness):
    alpha = ink()
    return np.stack([np.full_like(alpha, lightness)] * 3 + [alpha], axis=-1)


def sixteen_bits():
    buffer = io.BytesIO()
    Image.fromarray((65535 * ink()).astype(np.uint16)).save(buffer, 'PNG')
    return buffer.getvalue()


PICTURES = {
    'light on dark': lambda: encode(ink()),
    'dark on light': lambda: encode(1 - ink()),
    'no margin': lambda: encode(1 - ink(184, 124, top=12, left=12)),
    'large margins': lambda: encode(1 - ink(2500, 2000, 1, 1800, 1500)),
    'small': lambda: encode(1 - ink(75, 60, 0.25, 15, 15, 6)),
    '4096 pixels': lambda: encode(1 - ink(4096, 4096, 20, 400, 900, 480)),
    'pencil': lambda: encode(0.9 - 0.3 * ink()),
    'uneven paper': lambda: encode(slope((300, 240)) * (1 - 0.8 * ink())),
    'uneven blackboard': lambda: encode(0.4 * slope((300, 240)) + 0.5 * ink()),
    'noisy JPEG': lambda: encode(0.8 - 0.6 * ink() + noise((300, 240)), 'JPEG'),
    'dust': lambda: encode(1 - np.maximum(ink(), noise((300, 240)) > 0.115)),
    'black on clear': lambda: encode(transparent(0)),
    'white on clear': lambda: encode(transparent(1)),
    'blue on cream': lambda: encode(
        np.array([1, 0.95, 0.8]) - ink()[..., None] * [0.9, 0.7, 0.1]
    ),
    'palette PNG': lambda: encode(1 - ink(), mode='P'),
    'grey and alpha': lambda: encode(ink(), mode='LA'),
    '16 bits': sixteen_bits,
    'one bit': lambda: encode(ink(), mode='1'),
    'JPEG': lambda: encode(1 - ink(), 'JPEG'),
    'CMYK JPEG': lambda: encode(1 - ink(), 'JPEG', 'CMYK'),
    'GIF': lambda: encode(1 - ink(), 'GIF'),
    'BMP': lambda: encode(1 - ink(), 'BMP'),
    'RGB BMP': lambda: encode(1 - ink(), 'BMP', 'RGB'),
}


@pytest.mark.parametrize('name', PICTURES)
def test_same_digit_gives_the_same_image(name, expected):
    readings = normalize(PICTURES[name]())[0]
    # The edges fall on other pixels, and the centre is a whole pixel, so a
    # shift by one pixel is allowed. Another digit differs by 30 and more.
    shifts = itertools.product((-1, 0, 1), repeat=2)
    shifted = [np.roll(readings, shift, axis=(1, 2)) for shift in shifts]
    assert np.abs(shifted - expected).mean(axis=(2, 3, 4)).min() < 9


def test_digit_fills_the_box_and_its_mass_is_in_the_middle(expected):
    rows = np.flatnonzero(expected[..., 0].max(axis=1) > 60)
    columns = np.flatnonzero(expected[..., 0].max(axis=0) > 60)
    assert np.ptp(rows) + 1 == 20
    # The drawn digit is roughly 172 high and 124 wide, with its strokes.
    assert np.ptp(columns) + 1 == pytest.approx(20 * 124 / 172, abs=1.5)
    weights = expected[..., 0] / expected.sum()
    centres = np.arange(28) + 0.5
    assert 14 <= weights.sum(axis=1) @ centres < 15
    assert 14 <= weights.sum(axis=0) @ centres < 15
    assert expected.max() == 255
    assert expected[0].max() == 0


def test_mnist_images_are_taken_as_they_are():
    images = first_images(1000)
    encoded = [tf.io.encode_png(image).numpy() for image in images]
    first, second = normalize(*encoded).swapaxes(0, 1)
    np.testing.assert_array_equal(first, images)
    # Hardly any image has as much ink as paper.
    assert (first != second).any(axis=(1, 2, 3)).mean() < 0.01


def test_small_picture_of_dark_ink_is_taken_light_on_dark():
    images = first_images(50)
    encoded = [tf.io.encode_png(255 - image).numpy() for image in images]
    np.testing.assert_array_equal(normalize(*encoded)[:, 0], images)


@pytest.mark.parametrize('height, width', [(1, 64), (64, 1), (1, 30)])
def test_picture_of_one_row_or_column_is_read(height, width):
    picture = np.ones((height, width))
    picture[height // 2, width // 2] = 0
    for image in normalize(encode(picture))[0]:
        assert image.max() > 40


def test_image_with_its_outer_columns_inverted_is_taken_as_it_is_too():
    images = first_images(50).copy()
    images[:, :, :7] = 255 - images[:, :, :7]
    images[:, :, -7:] = 255 - images[:, :, -7:]
    readings = normalize(*(tf.io.encode_png(i).numpy() for i in images))
    as_it_is = (readings == images[:, None]).all(axis=(2, 3, 4))
    assert as_it_is.any(axis=1).all()


def test_ink_that_a_nearer_look_does_not_see_leaves_the_image_empty():
    assert not placing.place(tf.zeros((30, 40))).numpy().any()


def test_reading_without_ink_is_replaced_by_the_other_one(monkeypatch):
    empty = tf.zeros((28, 28, 1)), tf.constant(100.0), tf.constant(0.0)
    monkeypatch.setattr(whole, 'read', lambda picture: empty)
    eager = normalize_pictures.python_function
    first, second = eager(tf.constant([encode(ink())])).numpy()[0]
    assert first.max() > 0
    np.testing.assert_array_equal(first, second)


def test_no_picture_no_image():
    assert normalize_pictures(tf.constant([], tf.string)).shape == (
        *(0, 2, 28, 28, 1),
    )


def answer(digit, probability):
    rest = np.full(10, (1 - probability) / 9, np.float32)
    rest[digit] = probability
    return rest


def mixed(*answers):
    digit = np.stack(answers)[None]
    return (trust(digit).numpy()[..., None] * digit).sum(axis=1)[0]


def test_surer_reading_decides():
    assert mixed(answer(3, 0.99), answer(5, 0.5))[3] > 0.85
    assert mixed(answer(3, 0.4), answer(5, 0.95))[5] > 0.75


def test_two_sure_readings_that_differ_leave_doubt():
    assert mixed(answer(3, 0.999), answer(5, 0.995)).max() < 0.75
    certain = np.eye(10, dtype=np.float32)
    assert mixed(certain[3], certain[5]).max() == 0.5


def test_rounding_of_sure_answers_hardly_changes_the_mixture():
    sure, other = answer(3, 1 - 1e-6), answer(5, 0.9)
    rounded = sure.copy()
    rounded[3] = np.nextafter(sure[3], np.float32(0))
    np.testing.assert_allclose(
        mixed(rounded, other), mixed(sure, other), rtol=1e-6
    )


def test_equal_readings_answer_as_one():
    one = answer(8, 0.7)
    np.testing.assert_allclose(mixed(one, one), one, rtol=1e-6)


def test_seen_is_the_reading_that_the_classifier_is_surest_of():
    picture = encode(ink())
    readings = normalize(picture)[0]

    def classify(files, numbers):
        assert numbers == [7, 7]
        assert (normalize(*files)[:, 0] == np.round(readings)).all()
        return {'digit': np.eye(10, dtype=np.float32)[[1, 2]] * [[0.5], [0.7]]}

    np.testing.assert_array_equal(seen(classify, picture, 7), readings[1])


def header_of_png(height, width):
    sizes = width.to_bytes(4, 'big') + height.to_bytes(4, 'big')
    return b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR' + sizes + b'\x08\0\0\0\0'


@pytest.mark.parametrize(
    ('picture', 'reason'),
    [
        (b'', 'is not a PNG, JPEG, GIF or BMP'),
        (b'no picture', 'is not a PNG, JPEG, GIF or BMP'),
        (header_of_png(30_000, 30_000), 'has 900,000,000 pixels, the limit'),
        (header_of_png(0, 10), 'has no pixels'),
        (encode(np.full((1, 1), 1.0)), 'shows no ink'),
        (encode(np.full((50, 60), 0.8)), 'shows no ink'),
        (encode(0.8 + noise((90, 90)) / 2, 'JPEG'), 'shows no ink'),
    ],
)
def test_what_shows_no_digit_is_refused_by_name(picture, reason):
    good = encode(ink())
    with pytest.raises(tf.errors.InvalidArgumentError) as error:
        normalize(good, good, picture)
    assert f'image[2] {reason}' in str(error.value)


def test_no_part_of_the_graph_refuses_a_picture_on_its_own():
    """Otherwise, a part that is cancelled may be reported, not the reason."""
    graph = normalize_pictures.get_concrete_function().graph.as_graph_def()
    functions = {f.signature.name: f for f in graph.library.function}

    def ops(function):
        for node in function.node_def:
            yield node.op
            for value in node.attr.values():
                for called in (value.func, *value.list.func):
                    if called.name:
                        yield from ops(functions[called.name])

    parts = [f for f in functions.values() if f.attr['_noinline'].b]
    assert parts
    refusing = {'Assert', 'DecodeImage', 'DecodePng', 'DecodeJpeg', 'DecodeBmp'}
    everywhere = {op for f in functions.values() for op in ops(f)}
    assert refusing <= everywhere
    for part in parts:
        assert not refusing & set(ops(part))


def animation(frames, **kwargs):
    buffer = io.BytesIO()
    frames[0].save(
        buffer, 'GIF', save_all=True, append_images=frames[1:], **kwargs
    )
    return buffer.getvalue()


def test_animation_shows_its_first_frame(expected):
    first = Image.fromarray((255 * ink()).astype(np.uint8))
    others = [Image.new('L', first.size, i) for i in range(99)]
    picture = animation([first, *others], comment=b'text' * 200)
    np.testing.assert_allclose(normalize(picture)[0, 0], expected, atol=2)


def test_frame_larger_than_its_animation_says_is_refused():
    picture = bytearray(encode(np.zeros((5001, 5000)), 'GIF'))
    picture[6:10] = (100).to_bytes(2, 'little') * 2
    with pytest.raises(tf.errors.InvalidArgumentError, match='a GIF is 12,2'):
        normalize(bytes(picture))


def png_bomb():
    """Packs 400 million pixels, black, into 50 kB."""
    buffer = io.BytesIO()
    Image.new('1', (20_000, 20_000)).save(buffer, 'PNG')
    return buffer.getvalue()


def gif_bomb():
    """Packs 20 frames of 3500 x 3500 pixels, black, into 500 kB."""
    picture = encode(np.zeros((3500, 3500)), 'GIF')
    frame = picture[picture.index(b',') : -1]
    bomb = picture[:-1] + 19 * frame + b';'
    assert Image.open(io.BytesIO(bomb)).n_frames == 20
    return bomb


def largest():
    large = Image.new('RGBA', (3500, 3500), 'white')
    large.paste('black', (1500, 400, 2000, 3000))
    return encode(large)


def memory(name):
    with open('/proc/self/status', encoding='utf-8') as file:
        return int(re.search(rf'{name}:\s+(\d+) kB', file.read())[1]) / 1024


@pytest.mark.parametrize(
    ('make', 'count', 'limit'),
    [(png_bomb, 1, 100), (gif_bomb, 1, 200), (largest, 8, 1024)],
)
def test_memory_is_bounded(make, count, limit):
    pictures = [make()] * count
    normalize(encode(ink()))  # only the first picture takes extra memory
    ctypes.CDLL(None).malloc_trim(0)
    with open('/proc/self/clear_refs', 'w', encoding='utf-8') as file:
        file.write('5')  # the peak counts from here
    before = memory('VmRSS')
    with contextlib.suppress(tf.errors.InvalidArgumentError):
        normalize(*pictures)
    assert memory('VmHWM') - before < limit  # MiB


@pytest.mark.parametrize('kind', ['PNG', 'JPEG', 'GIF', 'BMP'])
def test_cut_picture_is_refused(kind):
    picture = encode(ink(), kind)
    with pytest.raises(tf.errors.InvalidArgumentError):
        normalize(picture[: len(picture) // 2])
