"""Tests the conversion of pictures that TensorFlow does not read to PNG."""

import importlib.util
import io
import sys

import numpy as np
import pytest
from PIL import Image

from kerasadder.errors import UserError
from kerasadder.pictures import convert
from kerasadder.pictures import decode

ORIENTATION = 0x0112
HAS_HEIF = importlib.util.find_spec('pillow_heif') is not None


def encode(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def scene(mode='RGB', size=(48, 32)):
    """Draws four smooth patches of different colours, without symmetry."""
    corners = [[(250, 20, 30), (30, 240, 50)], [(40, 60, 230), (200, 210, 90)]]
    image = Image.fromarray(np.array(corners, np.uint8)).resize(size)
    image = image.convert(mode)
    if mode == 'RGBA':
        image.putalpha(200)
    return image


def converted(picture):
    """Returns the pixels as the model decodes them."""
    return decode.decode_picture(convert.to_served(picture)).numpy()


def test_kinds_that_the_model_reads_are_left_alone():
    assert set(convert.SERVED) == set(decode.KINDS)
    for kind in ('PNG', 'JPEG', 'GIF', 'BMP'):
        picture = encode(scene(), kind)
        assert convert.to_served(picture) is picture
    assert convert.to_served(b'no picture') == b'no picture'
    assert convert.to_served(b'') == b''


@pytest.mark.parametrize('mode', ['RGB', 'RGBA', 'L'])
@pytest.mark.parametrize(
    ('kind', 'options'),
    [('WEBP', {'lossless': True}), ('TIFF', {}), ('AVIF', {'quality': 100})],
)
def test_pixels_are_those_of_the_picture(kind, options, mode):
    pixels = converted(encode(scene(mode), kind, **options))
    expected = np.asarray(scene(mode)).astype(float)
    if mode == 'L':
        pixels = pixels[..., 0]
    assert pixels.shape == expected.shape
    assert np.abs(pixels - expected).max() <= (12 if kind == 'AVIF' else 0)


@pytest.mark.parametrize('kind', ['WEBP', 'TIFF'])
def test_picture_is_turned_upright(kind):
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # to be turned by 90 degrees clockwise
    options = {'lossless': True} if kind == 'WEBP' else {}
    picture = encode(scene(), kind, exif=exif, **options)
    upright = np.rot90(np.asarray(scene()), -1)
    np.testing.assert_array_equal(converted(picture), upright)


def test_deep_grey_keeps_its_steps():
    """Pillow's own conversion to 8 bits makes all but the darkest white."""
    deep = np.linspace(100, 60_100, 16).astype(np.uint16).reshape(4, 4)
    pixels = converted(encode(Image.fromarray(deep), 'TIFF'))
    np.testing.assert_allclose(
        pixels.ravel(), np.linspace(0, 255, 16), atol=0.51
    )


def test_scan_in_two_colours_is_black_on_white():
    picture = encode(scene('1'), 'TIFF', compression='group4')
    assert set(np.unique(converted(picture))) == {0, 255}


def test_large_picture_is_shrunk():
    picture = encode(scene(size=(6000, 900)), 'TIFF')
    assert converted(picture).shape == (300, 2000, 3)


@pytest.mark.skipif(not HAS_HEIF, reason='no pillow-heif')
def test_heic_is_read_by_pillow_heif():
    import pillow_heif

    pillow_heif.register_heif_opener()
    picture = encode(scene(), 'HEIF', quality=95)
    assert picture[4:8] == b'ftyp'
    pixels = converted(picture).astype(float)
    assert np.abs(pixels - np.asarray(scene())).max() <= 20


def test_heic_says_what_it_takes(monkeypatch):
    monkeypatch.setitem(sys.modules, 'pillow_heif', None)
    monkeypatch.delitem(Image.OPEN, 'HEIF', raising=False)
    with pytest.raises(UserError, match='pip install pillow-heif'):
        convert.to_served(b'\0\0\0\x18ftypheic' + bytes(100))


def test_damaged_and_huge_pictures_are_refused_in_words(monkeypatch):
    picture = encode(scene(size=(480, 320)), 'WEBP')
    with pytest.raises(UserError, match=r'^is damaged \('):
        convert.to_served(picture[: len(picture) // 2])
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 1000)
    with pytest.raises(UserError, match='has more than 1,000 pixels'):
        convert.to_served(encode(scene(), 'TIFF'))


def test_eps_runs_no_program():
    picture = b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n'
    assert convert.to_served(picture) == picture
