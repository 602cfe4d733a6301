"""Converts pictures to a kind that the SavedModel reads, without TensorFlow."""

import contextlib
import importlib
import io
import warnings

import numpy as np
from PIL import Image
from PIL import ImageOps

from kerasadder.errors import UserError
from kerasadder.errors import first_line

# How PNG, JPEG, GIF and BMP begin, which need no conversion.
SERVED = (b'\x89PNG\r\n\x1a\n', b'\xff\xd8\xff', b'GIF87a', b'GIF89a', b'BM')
HEIC = (b'heic', b'heix', b'heim', b'heis', b'hevc', b'mif1', b'msf1')
REFUSED = {'EPS'}  # a program, which Pillow would have Ghostscript run
MAX_BYTES = 100_000_000  # of a picture
SIDE = 2000  # pixels; a picture twice as large or more is shrunk


def to_served(picture: bytes) -> bytes:
    """Converts WebP, TIFF, AVIF and what else Pillow reads to PNG, upright.

    Pillow reads HEIC where pillow-heif is installed.

    Args:
        picture: Any bytes.

    Returns:
        A PNG; the same bytes if they are a PNG, JPEG, GIF or BMP, or of no kind
        that Pillow knows, which the SavedModel refuses.

    Raises:
        UserError: If the picture is damaged, too large or a HEIC that cannot be
            read. The message follows the picture's name.
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
    except Exception as error:  # whatever a strange file makes of Pillow
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
    """Returns the picture with a byte a channel."""
    if image.mode[0] in 'IF':  # 16 or 32 bits, and Pillow would cut them off
        values = np.asarray(image).astype(np.float32)
        values -= values.min()
        values *= 255 / max(values.max(), 1e-9)
        return Image.fromarray(values.round().astype(np.uint8))
    if image.has_transparency_data:
        return image.convert('RGBA')
    return image.convert('L' if image.mode in ('1', 'L') else 'RGB')
