"""Times how fast a SavedModel reads pictures of several kinds and sizes."""

import functools
import io

import numpy as np
import tensorflow as tf
from PIL import Image

from benchmarks import serving
from tests.support.photographs import photograph


def measure(saved_models, images, seconds):
    """Times the signature `classify_bytes` of SavedModels in turns.

    Args:
        saved_models: Folders of SavedModel versions.
        images: uint8 array `(n, 28, 28, 1)`, n at least 50.
        seconds: How long to send each kind of request.

    Returns:
        A dict from the kinds of request to dicts from the folders to the
        median time of a call, milliseconds.
    """
    signatures = {
        folder: tf.saved_model.load(folder).signatures['classify_bytes']
        for folder in saved_models
    }
    results = {}
    for kind, pictures in _requests(images).items():
        inputs = {
            'image': pictures,
            'number': np.arange(len(pictures), dtype=np.int32) % 10,
        }
        asks = {
            folder: functools.partial(serving.call, signature, inputs)
            for folder, signature in signatures.items()
        }
        took = serving.in_turns(asks, seconds)
        results[kind] = {name: 1000 * median for name, median in took.items()}
    return results


def _requests(images):
    """Returns a dict from kinds of request to lists of encoded pictures."""
    page = 255 - images[0, ..., 0]
    photographs = [photograph(i % 10, i, 400, 300) for i in range(20)]
    return {
        '1 PNG of 28x28': [_encode(images[0, ..., 0], 28, 'PNG')],
        '50 PNGs of 28x28': [
            _encode(image, 28, 'PNG') for image in images[:50, ..., 0]
        ],
        '1 PNG of 56x56': [_encode(page, 56, 'PNG')],
        '1 PNG of 300x300': [_encode(page, 300, 'PNG')],
        '1 JPEG of 1000x1000': [_encode(page, 1000, 'JPEG')],
        '1 JPEG of 3000x3000': [_encode(page, 3000, 'JPEG')],
        '1 photograph of 400x300': photographs[:1],
        '20 photographs of 400x300': photographs,
    }


def _encode(image, side, kind):
    buffer = io.BytesIO()
    picture = Image.fromarray(image).resize((side, side), Image.BICUBIC)
    if kind == 'JPEG':
        picture = picture.convert('RGB')
    picture.save(buffer, kind)
    return buffer.getvalue()
