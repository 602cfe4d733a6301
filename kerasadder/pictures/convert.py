"""Converts pictures to PNG, which the SavedModel reads, without TensorFlow."""

import contextlib
import importlib
import io
import warnings

import numpy as np
from PIL import Image
from PIL import ImageOps

from kerasadder.errors import UserError
from kerasadder.errors import first_line

# The first bytes of PNG, JPEG, GIF and BMP, which need no conversion.
SERVED = (b'\x89PNG\r\n\x1a\n', b'\xff\xd8\xff', b'GIF87a', b'GIF89a', b'BM')
HEIC = (b'heic', b'heix', b'heim', b'heis', b'hevc', b'mif1', b'msf1')
REFUSED = {'EPS'}  # an EPS is a program: Pillow has Ghostscript run it
MAX_BYTES = 100_000_000  # of a picture file
SIDE = 2000  # pixels, at least, of the longer side of a shrunk picture


def to_served(picture: bytes) -> bytes:
    """Converts WebP, TIFF, AVIF and whatever else Pillow reads to PNG.

    The PNG is upright. Pillow reads HEIC if pillow-heif is installed. A picture
    is shrunk if its longer side has 4000 pixels or more.

    Args:
        picture: The bytes of a file of any kind.

    Returns:
        The bytes of a PNG: grey, RGB or RGBA, one byte a channel. A PNG, JPEG,
        GIF or BMP comes back unchanged. Bytes that Pillow does not know come
        back unchanged too: the SavedModel refuses them.

    Raises:
        UserError: If the picture is damaged, too large, or a HEIC that Pillow
            cannot read. The caller puts the picture's name before the message.
    """
    if picture.startswith(SERVED):
        return picture
    with contextlib.suppress(ImportError):
        importlib.import_module('pillow_heif').register_heif_opener()
    Image.init()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('error', Image.DecompressionBombWarning)
            kinds = sorted(Image.OPEN.keys() - REFUSED)
            with Image.open(io.BytesIO(picture), formats=kinds) as image:
                return _png(image)
    except Image.UnidentifiedImageError:
        if picture[4:8] == b'ftyp' and picture[8:12] in HEIC:
            raise UserError(
                'is a HEIC, which takes pip install pillow-heif'
            ) from None
        return picture
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise UserError(
            f'has more than {Image.MAX_IMAGE_PIXELS:,} pixels: make it smaller'
        ) from None
    except Exception as error:  # Pillow may raise anything for such files
        raise UserError(f'is damaged ({first_line(error)})') from error


def _png(image):
    ImageOps.exif_transpose(image, in_place=True)
    image = _of_bytes(image)
    factor = max(image.size) // SIDE
    if factor > 1:
        image = image.reduce(factor)
    buffer = io.BytesIO()
    image.save(buffer, 'PNG', compress_level=1)
    return buffer.getvalue()


def _of_bytes(image):
    """Returns a picture as grey, RGB or RGBA, one byte a channel."""
    if image.mode[0] in 'IF':  # 16 or 32 bits, which Pillow would clip
        values = np.asarray(image).astype(np.float32)
        values -= values.min()
        values *= 255 / max(values.max(), 1e-9)
        return Image.fromarray(values.round().astype(np.uint8))
    if image.has_transparency_data:
        return image.convert('RGBA')
    return image.convert('L' if image.mode in ('1', 'L') else 'RGB')
