"""Tests that the digit is found among other things, in drawn pictures."""

import io

import numpy as np
import pytest
from PIL import Image
from PIL import ImageDraw
from PIL import ImageFilter

from kerasadder.pictures.normalize import normalize_pictures

# A 3 with strokes as thick as in a scan of 8x8 pixels.
THICK = [
    '..+##+..',
    '..+..+#.',
    '.....+#.',
    '...+##..',
    '....+#+.',
    '......#+',
    '.....+#.',
    '..+###+.',
]
SIDE = 400
INK, PAPER = 40, 225  # grey values


def page(strokes=16, blur=0.0, ink=INK, paper=PAPER):
    """Draws a 4 on paper."""
    image = Image.new('L', (SIDE, SIDE), paper)
    draw = ImageDraw.Draw(image)
    draw.line([(185, 110), (140, 220), (255, 220)], ink, strokes, 'curve')
    draw.line([(228, 160), (222, 300)], ink, strokes)
    return image.filter(ImageFilter.GaussianBlur(blur)) if blur else image


def drawn(what, **kwargs):
    image = page(**kwargs)
    what(ImageDraw.Draw(image))
    return np.asarray(image, float)


def frame(draw):
    draw.rectangle((30, 30, 370, 370), outline=INK, width=5)


def ruled_lines(draw):
    for y in range(20, SIDE, 60):
        draw.line([(0, y), (SIDE, y)], 190, 2)


def line_beside(draw):
    draw.line([(60, 0), (70, SIDE)], INK, 6)


def bar_above(draw):
    draw.rectangle((60, 30, 340, 55), fill=0)


def dark_border(draw):
    for box in ((0, 0, 399, 50), (0, 350, 399, 399), (0, 0, 45, 399)):
        draw.rectangle(box, fill=30)


def grey_patch(draw):
    draw.rectangle((270, 40, 390, 380), fill=170)


def table_edge(draw):
    draw.polygon([(0, 330), (400, 350), (400, 400), (0, 400)], fill=70)


def shadow(image):
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    return image * (1 - 0.45 / (1 + np.exp(-14 * (x + 0.4 * y - 0.85))))


def light_from_one_side(image):
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    return image * (1 - 0.6 * ((x - 0.9) ** 2 + (y - 0.1) ** 2))


def grain(image):
    return image + np.random.default_rng(0).normal(0, 22, image.shape)


def specks(image):
    draw = np.random.default_rng(0).random(image.shape)
    return np.where(draw < 0.01, 20, image)


def card(image):
    mask = Image.new('L', (SIDE, SIDE))
    ImageDraw.Draw(mask).polygon(
        [(110, 80), (280, 70), (290, 330), (115, 340)], 1
    )
    table = 60 + np.random.default_rng(0).normal(0, 8, image.shape)
    return np.where(np.asarray(mask), image, table)


def small(image):
    whole = Image.fromarray(np.uint8(image))
    return np.asarray(whole.resize((70, 70), Image.Resampling.BOX), float)


PICTURES = {
    'frame': lambda: drawn(frame),
    'ruled paper': lambda: drawn(ruled_lines),
    'a line beside it': lambda: drawn(line_beside),
    'a printed bar above': lambda: drawn(bar_above),
    'a dark border': lambda: drawn(dark_border),
    'a grey patch': lambda: drawn(grey_patch),
    "a table's edge": lambda: drawn(table_edge),
    "a hand's shadow": lambda: shadow(np.asarray(page(), float)),
    'light from one side': lambda: light_from_one_side(
        np.asarray(page(blur=1, ink=190), float)
    ),
    'grain': lambda: grain(np.asarray(page(), float)),
    'specks': lambda: specks(np.asarray(page(), float)),
    'thin pencil': lambda: np.asarray(page(3, ink=150), float),
    'a thick marker': lambda: np.asarray(page(44), float),
    'out of focus': lambda: np.asarray(page(blur=7), float),
    'low resolution': lambda: small(np.asarray(page(), float)),
    'chalk': lambda: grain(np.asarray(page(ink=210, paper=50), float)),
}


def encode(values):
    buffer = io.BytesIO()
    pixels = np.uint8(np.clip(values, 0, 255))
    Image.fromarray(pixels).save(buffer, 'PNG')
    return buffer.getvalue()


@pytest.mark.parametrize('name', PICTURES)
def test_shipped_model_reads_the_digit_and_not_what_is_beside_it(
    name, classify
):
    answer = classify([encode(PICTURES[name]())], [5])
    assert answer['digit_label'] == [4]
    assert answer['sum_label'] == [9]
    assert answer['digit'].max() > 0.6


@pytest.mark.parametrize(
    'name', ['frame', 'a dark border', "a table's edge", 'light from one side']
)
def test_second_reading_has_the_digit_alone_on_black(name):
    alone, cluttered = (
        normalize_pictures([encode(values)]).numpy()[0, 1]
        for values in (np.asarray(page(), float), PICTURES[name]())
    )
    assert np.abs(alone - cluttered).mean() < 6
    assert (cluttered == 0).mean() > 0.5


def test_all_ink_is_no_reading_of_a_picture_with_a_table_along_a_side():
    def is_alone(values):
        first, second = normalize_pictures([encode(values)]).numpy()[0]
        return np.array_equal(first, second)

    on_table = drawn(table_edge)
    assert is_alone(on_table)
    # A table that is seen along half of a side may as well be a stroke.
    on_table[:, :200] = PAPER
    assert not is_alone(on_table)
    # Nor is a digit alone that covers a side of its own crop.
    seven = np.full((200, 150), PAPER, float)
    seven[:30] = seven[:, 100:130] = INK
    assert not is_alone(seven)


@pytest.mark.parametrize('enlarged', [10, 20])
def test_thick_strokes_in_a_tight_crop_are_found_whole(enlarged):
    levels = {'.': 255, '+': 128, '#': 0}
    pixels = np.array([[levels[c] for c in row] for row in THICK], np.uint8)
    size = 8 * enlarged, 8 * enlarged
    crop = Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)
    ink, found = normalize_pictures([encode(np.asarray(crop))]).numpy()[0]
    assert np.abs(ink - found).mean() < 9


def test_thick_digit_is_found_on_a_card_on_a_table():
    alone = np.asarray(page(30), float)
    pictures = [encode(alone), encode(card(alone))]
    on_page, on_card = normalize_pictures(pictures).numpy()[:, 1]
    assert np.abs(on_page - on_card).mean() < 6


def test_halves_of_a_broken_digit_belong_together():
    """The gap is too wide for a small part, 0.16 of a half's height."""
    image = Image.new('L', (SIDE, SIDE), PAPER)
    draw = ImageDraw.Draw(image)
    # A 0, 120 pixels high: the halves end some 18 pixels from each other.
    box = (155, 140, 245, 260)
    draw.arc(box, 104, 256, INK, 14)
    draw.arc(box, 284, 76, INK, 14)
    _, found = normalize_pictures([encode(np.asarray(image, float))]).numpy()[0]
    columns = np.flatnonzero(found[..., 0].max(axis=0) > 64)
    assert 12 < np.ptp(columns) + 1 <= 20  # 90 / 120 of 20; one half has 6
