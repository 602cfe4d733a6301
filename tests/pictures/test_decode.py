"""Compares decoded pictures with what Pillow shows of the same bytes."""

import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from PIL import ImageDraw
from PIL import ImageOps

from kerasadder.pictures.decode import decode_picture
from kerasadder.pictures.limits import MAX_BYTES
from tests.support.scripts import python

ORIENTATION, MAKE = 0x0112, 0x010F


@pytest.fixture(scope='module')
def decode():
    """Returns the decoder as a graph, as a SavedModel holds it."""
    graph = tf.function(
        decode_picture, input_signature=[tf.TensorSpec((), tf.string)] * 2
    )
    return lambda picture: graph(picture, 'this').numpy()


def encode(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def scene(height=32, width=48, mode='RGB'):
    """Draws four smooth patches of different colours, without symmetry."""
    corners = [[(250, 20, 30), (30, 240, 50)], [(40, 60, 230), (200, 210, 90)]]
    image = Image.fromarray(np.array(corners, np.uint8))
    return image.resize((width, height)).convert(mode)


def seen(picture, mode='RGB'):
    """Returns what Pillow shows: floats `(height, width, channels)`."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(picture)))
    return np.atleast_3d(np.asarray(image.convert(mode)).astype(float))


def assert_alike(pixels, expected, tolerance):
    assert pixels.shape == expected.shape
    assert np.abs(pixels - expected).max() <= tolerance


def exif(order, *entries):
    """Packs EXIF data: a TIFF header and a directory of (tag, type, value)."""
    head = {'<': b'II*\0', '>': b'MM\0*'}[order] + struct.pack(order + 'I', 8)
    fields = [
        struct.pack(order + 'HHIHH', tag, kind, 1, value, 0)
        for tag, kind, value in entries
    ]
    count = struct.pack(order + 'H', len(entries))
    return b'Exif\0\0' + head + count + b''.join(fields) + bytes(4)


def photograph(data):
    return encode(scene(), 'JPEG', exif=data, quality=95)


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('order', ['<', '>'])
def test_jpeg_is_turned_upright(decode, order, orientation):
    picture = photograph(
        exif(order, (MAKE, 2, 65), (ORIENTATION, 3, orientation))
    )
    assert Image.open(io.BytesIO(picture)).getexif()[ORIENTATION] == orientation
    assert_alike(decode(picture), seen(picture), 12)


def test_orientation_after_other_segments_is_found(decode):
    plain = photograph(exif('>', (ORIENTATION, 3, 6)))
    profile = b'\xff\xe2' + struct.pack('>H', 60_002) + bytes(60_000)
    others = b'\xff\xe1\0\x08other\0' + b'\xff\xff\xff' + profile[1:]
    picture = plain[:2] + others + plain[2:]
    assert_alike(decode(picture), seen(plain), 12)


@pytest.mark.parametrize(
    'data',
    [
        b'Exif\0\0',
        b'Exif\0\0II*\0',
        b'Exif\0\0II*\0\xff\xff\xff\xff\1\0',
        b'Exif\0\0MM\0*\xff\xff\xff\xff',
        b'Exif\0\0??*\0' + exif('<', (ORIENTATION, 3, 6))[10:],
        exif('<', (ORIENTATION, 3, 0)),
        exif('<', (ORIENTATION, 3, 9)),
        exif('<', (MAKE, 3, 6)),
        exif('<', (ORIENTATION, 7, 6)),
        exif('<', (ORIENTATION, 3, 6))[:-10],
        # The count says more entries than there are.
        exif('<', *[(MAKE, 3, 6)] * 3).replace(b'\3\0', b'\xff\xff', 1),
        # The orientation comes after the last entry.
        exif('<').replace(b'\0\0\0\0', exif('<', (ORIENTATION, 3, 6))[16:]),
    ],
)
def test_malformed_exif_turns_nothing(decode, data):
    picture = photograph(data)
    np.testing.assert_array_equal(
        decode(picture), decode(encode(scene(), 'JPEG', quality=95))
    )


@pytest.mark.parametrize(
    ('width', 'height', 'longer'),
    [(3999, 80, 3999), (4000, 80, 2000), (80, 8008, 2002), (16000, 80, 2000)],
)
def test_large_jpeg_is_shrunk_to_2000_pixels_or_more(
    decode, width, height, longer
):
    picture = encode(scene(height, width, 'L'), 'JPEG')
    pixels = decode(picture)
    assert max(pixels.shape) == longer
    large = Image.fromarray(pixels[..., 0]).resize((width, height))
    assert np.abs(np.asarray(large) - seen(picture, 'L')[..., 0]).mean() < 3


@pytest.mark.parametrize('orientation', [1, 6])
def test_large_photograph_is_shrunk_and_turned(decode, orientation):
    picture = encode(
        scene(600, 4000), 'JPEG', exif=exif('<', (ORIENTATION, 3, orientation))
    )
    expected = Image.fromarray(seen(picture).astype(np.uint8)).reduce(2)
    assert_alike(decode(picture), np.asarray(expected).astype(float), 6)


@pytest.mark.parametrize('mode', ['1', 'L', 'P'])
@pytest.mark.parametrize('width', [32, 45])
def test_palette_of_a_bmp_is_used(decode, mode, width):
    image = scene(width=width, mode='L' if mode == '1' else 'RGB').convert(mode)
    picture = encode(image, 'BMP')
    assert Image.open(io.BytesIO(picture)).mode == mode
    assert_alike(decode(picture), seen(picture), 0)


def bmp(indices, bits, palette, top_first=False, compression=0, header=40):
    """Packs a BMP with a palette of RGB; its rows are padded to 4 bytes."""
    height, width = indices.shape
    digits = (indices[..., None] >> np.arange(bits)[::-1]) & 1
    rows = np.packbits(
        digits.reshape(height, bits * width).astype(np.uint8), axis=1
    )
    rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    content = (rows if top_first else rows[::-1]).tobytes()
    colours = b''.join(bytes([b, g, r, 0]) for r, g, b in palette)
    signed = -height if top_first else height
    info = struct.pack(
        '<IiiHHIIiiII',
        *(header, width, signed, 1, bits, compression, len(content)),
        *(0, 0, len(palette), 0),
    ) + bytes(header - 40)
    start = 14 + header + len(colours)
    return (
        b'BM'
        + struct.pack('<IHHI', start + len(content), 0, 0, start)
        + (info + colours + content)
    )


@pytest.mark.parametrize('bits', [1, 4, 8])
@pytest.mark.parametrize('top_first', [False, True])
@pytest.mark.parametrize('header', [40, 124])
def test_bmp_of_each_depth_and_order_of_rows(decode, bits, top_first, header):
    rng = np.random.default_rng(bits)
    palette = rng.integers(0, 256, (2**bits - (bits > 1), 3))
    indices = rng.integers(0, len(palette), (5, 13))
    picture = bmp(indices, bits, palette, top_first, header=header)
    np.testing.assert_array_equal(seen(picture), palette[indices])
    np.testing.assert_array_equal(decode(picture), palette[indices])


@pytest.mark.parametrize('mode', ['RGB', 'RGBA'])
def test_bmp_without_a_palette_is_read_as_ever(decode, mode):
    picture = encode(scene(width=45, mode=mode), 'BMP')
    assert_alike(decode(picture), seen(picture, mode), 0)


@pytest.mark.parametrize(
    ('mode', 'shown'),
    [('1', 'L'), ('L', 'L'), ('LA', 'LA'), ('RGB', 'RGB'), ('RGBA', 'RGBA')],
)
def test_png_keeps_its_channels(decode, mode, shown):
    picture = encode(scene(mode=mode), 'PNG')
    assert_alike(decode(picture), seen(picture, shown), 0)


@pytest.mark.parametrize(('clear', 'mode'), [(None, 'RGB'), (3, 'RGBA')])
def test_palette_of_a_png_is_used(decode, clear, mode):
    image = scene().convert('P', palette=Image.Palette.ADAPTIVE, colors=20)
    options = {} if clear is None else {'transparency': clear}
    picture = encode(image, 'PNG', **options)
    assert_alike(decode(picture), seen(picture, mode), 0)


def test_gif_shows_its_first_frame(decode):
    others = [Image.new('RGB', (48, 32), (i, i, i)) for i in range(9)]
    picture = encode(
        scene(), 'GIF', save_all=True, append_images=others, comment=b'a' * 999
    )
    assert_alike(decode(picture), seen(picture), 0)


def chunk(name, content):
    check = struct.pack('>I', zlib.crc32(name + content))
    return struct.pack('>I', len(content)) + name + content + check


def header_of_png(height, width, kind, *chunks):
    header = struct.pack('>IIBBBBB', width, height, 8, kind, 0, 0, 0)
    chunks = [chunk(b'IHDR', header), *chunks, chunk(b'IDAT', b'')]
    return b'\x89PNG\r\n\x1a\n' + b''.join(chunks)


def header_of_jpeg(height, width, channels=3, frame=0xC0, scanned=None):
    table = b'\xff\xdb\0\x43\0' + b'\1' * 64
    parts = b''.join(bytes([i, 0x11, 0]) for i in range(channels))
    size = struct.pack('>HBHHB', 8 + len(parts), 8, height, width, channels)
    scanned = scanned or channels
    scans = b''.join(bytes([i, 0]) for i in range(scanned))
    scan = struct.pack('>HB', 6 + len(scans), scanned) + scans + b'\0\x3f\0'
    start = b'\xff\xd8' + table + b'\xff' + bytes([frame])
    return start + size + parts + b'\xff\xda' + scan


def header_of_gif(height, width):
    size = struct.pack('<HH', width, height)
    return b'GIF89a' + size + bytes(3) + b',' + bytes(4) + size + bytes(3)


WITH_TRANSPARENCY = chunk(b'PLTE', bytes(6)), chunk(b'tRNS', bytes(2))


@pytest.mark.parametrize(
    ('picture', 'what'),
    [
        (
            header_of_png(5000, 8000, 6),
            'has 40,000,000 pixels, the limit for a PNG with transparency is '
            '12,250,000: make it smaller, or send a JPEG',
        ),
        (
            header_of_png(5000, 8000, 3, *WITH_TRANSPARENCY),
            'has 40,000,000 pixels, the limit for a PNG with transparency is ',
        ),
        (
            header_of_png(20_000, 20_000, 0),
            'has 400,000,000 pixels, the limit for a PNG is 49,000,000: make',
        ),
        (
            header_of_png(2**31 - 1, 2**31 - 1, 2),
            'has 4,611,686,014,132,420,609 pixels, the limit for a PNG is ',
        ),
        (
            header_of_jpeg(20_000, 20_000),
            'has 400,000,000 pixels, the limit for a JPEG is 250,000,000: make '
            'it smaller',
        ),
        (
            header_of_jpeg(5001, 5000, frame=0xC2),
            'has 25,005,000 pixels, the limit for a progressive JPEG is '
            '25,000,000: make it smaller, or save it as a baseline JPEG',
        ),
        # The decoder holds scans of one channel each whole, too.
        (
            header_of_jpeg(5001, 5000, scanned=1),
            'has 25,005,000 pixels, the limit for a progressive JPEG is ',
        ),
        (
            header_of_jpeg(5001, 5000, channels=4, frame=0xC2),
            'has 25,005,000 pixels, the limit for a progressive JPEG is 18,',
        ),
        (
            header_of_gif(5001, 5000),
            'has 25,005,000 pixels, the limit for a GIF is 12,250,000: make it '
            'smaller, or send a JPEG',
        ),
        (
            bmp(np.zeros((1, 12_250_001), int), 1, [(0, 0, 0)] * 2),
            'has 12,250,001 pixels, the limit for a BMP is '
            '12,250,000: make it smaller, or send a JPEG',
        ),
        (
            bmp(np.zeros((4, 4), int), 24, [])[:18]
            + struct.pack('<iiHH', 5001, -5000, 1, 24)
            + bytes(30),
            'has 25,005,000 pixels, the limit for a BMP is 12,250,000: make ',
        ),
        (header_of_png(0, 10, 0), 'has no pixels'),
        (header_of_gif(0, 10), 'has no pixels'),
        (bmp(np.zeros((0, 4), int), 8, []), 'has no pixels'),
    ],
)
def test_what_is_too_large_or_empty_is_refused(decode, picture, what):
    with pytest.raises(tf.errors.InvalidArgumentError) as error:
        decode(picture)
    assert f'this {what}' in str(error.value)


@pytest.mark.parametrize(
    ('bits', 'options'),
    [
        (8, {'compression': 1}),
        (4, {'compression': 2}),
        (16, {}),
        (24, {'compression': 4}),
        (2, {}),
    ],
)
def test_other_bmps_are_refused(decode, bits, options):
    picture = bmp(np.zeros((4, 4), int), bits, [], **options)
    with pytest.raises(tf.errors.InvalidArgumentError) as error:
        decode(picture)
    assert 'this is a BMP of a kind that is not read' in str(error.value)


def test_bmp_of_os2_is_refused(decode):
    header = struct.pack('<IHHHH', 12, 4, 4, 1, 8)
    picture = b'BM' + struct.pack('<IHHI', 42, 0, 0, 26) + header + bytes(99)
    with pytest.raises(
        tf.errors.InvalidArgumentError, match='that is not read'
    ):
        decode(picture)


@pytest.mark.parametrize('length', [19, 60, 1100, -1])
def test_cut_bmp_is_refused(decode, length):
    picture = encode(scene(mode='L'), 'BMP')
    with pytest.raises(tf.errors.InvalidArgumentError, match='this '):
        decode(picture[:length])


@pytest.mark.parametrize('kind', ['PNG', 'JPEG', 'GIF', 'BMP'])
def test_cut_picture_is_refused(decode, kind):
    picture = encode(scene(), kind)
    for length in [*range(60), len(picture) // 2]:
        with pytest.raises(tf.errors.InvalidArgumentError):
            decode(picture[:length])


@pytest.mark.parametrize('picture', [b'', b'no picture', b'\xff\xd8', b'%PDF-'])
def test_what_is_no_picture_is_refused_with_what_is_taken(decode, picture):
    with pytest.raises(tf.errors.InvalidArgumentError) as error:
        decode(picture)
    assert 'this is not a PNG, JPEG, GIF or BMP' in str(error.value)


def test_png_too_large_in_colour_is_read_in_grey(decode):
    side = int((MAX_BYTES / 3) ** 0.5) + 1
    image = Image.new('P', (side, side))
    image.putpalette([250, 250, 250, 10, 10, 10])
    image.paste(1, (0, 0, side // 2, side // 2))
    pixels = decode(encode(image, 'PNG'))
    assert pixels.shape == (side, side, 1)
    assert pixels[0, 0, 0] == 10
    assert pixels[-1, -1, 0] == 250


def large(width, height, mode):
    image = Image.new(mode, (width, height), 'white')
    draw = ImageDraw.Draw(image)
    middle, side = (width // 2, height // 2), min(width, height) // 4
    draw.circle(middle, side, outline='black', width=side // 4)
    return image


MEASURE = """
import pathlib
import re

from kerasadder.serving.model_files import load_classifier

def peak():
    # Not getrusage's: that counts what the parent had, too.
    status = pathlib.Path('/proc/self/status').read_text()
    return re.search(r'VmHWM:\\s+(\\d+) kB', status)[1]


classify = load_classifier({model!r})
peaks = []
for path in {paths!r}:
    classify([pathlib.Path(path).read_bytes()], [7])
    peaks.append(peak())
print(peaks[0], peaks[-1])
"""


@pytest.mark.slow
def test_photograph_and_scan_add_less_than_256_mib(exported, tmp_path):
    pictures = {
        'first.png': encode(large(300, 300, 'RGB'), 'PNG'),
        'photo.jpg': encode(large(6000, 4000, 'RGB'), 'JPEG'),
        'scan.jpg': encode(large(4960, 7016, 'RGB'), 'JPEG'),
        'scan.png': encode(large(4960, 7016, 'L'), 'PNG', compress_level=1),
        'largest.png': encode(large(3500, 3500, 'RGBA'), 'PNG'),
    }
    paths = []
    for name, picture in pictures.items():
        (tmp_path / name).write_bytes(picture)
        paths.append(str(tmp_path / name))
    done = python(MEASURE.format(model=str(exported), paths=paths))
    assert done.returncode == 0, done.stderr
    before, peak = map(int, done.stdout.split())
    assert peak - before < 256 * 1024  # KiB
