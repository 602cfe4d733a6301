"""Makes valid requests for both signatures, and a small model for them."""

import numpy as np
import tensorflow as tf

from kerasadder.model import build_model

COUNT = 7


def small_model():
    """Makes a small model with random weights.

    The weights are large, so that the answers to two images differ clearly.
    """
    model = build_model('2c5-3c5p-4c5-5c3')
    rng = np.random.default_rng(1)
    model.set_weights(
        [
            rng.normal(0, 0.5, weight.shape)
            if weight.ndim > 1
            else rng.uniform(0.5, 1.5, weight.shape)
            for weight in model.get_weights()
        ]
    )
    return model


def predict_inputs(count=COUNT):
    rng = np.random.default_rng(0)
    brightest = rng.uniform(50, 255, (count, 1, 1, 1))
    image = rng.uniform(0, brightest, (count, 28, 28, 1))
    return {
        'image': image.astype(np.float32),
        'number': np.eye(10, dtype=np.float32)[rng.integers(0, 10, count)],
    }


def pictures(count=COUNT):
    """Makes pictures of different sizes, PNG, JPEG, BMP and GIF in turn."""
    rng = np.random.default_rng(0)
    made = []
    for i in range(count):
        more = i % 20
        paper = np.full((40 + 9 * more, 60, 3), 230, np.uint8)
        paper[8 : 30 + more, 20:26] = rng.integers(0, 60, 3)  # a stroke
        paper[8:14, 20 : 30 + more] = rng.integers(0, 60, 3)
        made.append((_png, _jpeg, _bmp, _gif)[i % 4](paper))
    return made


def _png(pixels):
    return tf.io.encode_png(pixels).numpy()


def _jpeg(pixels):
    return tf.io.encode_jpeg(pixels, quality=95).numpy()


def _bmp(pixels):
    height, width, _ = pixels.shape
    header = b'BM' + (54 + pixels.size).to_bytes(4, 'little') + bytes(4)
    header += (54).to_bytes(4, 'little') + (40).to_bytes(4, 'little')
    header += width.to_bytes(4, 'little') + height.to_bytes(4, 'little')
    header += b'\x01\0\x18\0' + bytes(24)  # one plane, 24 bits, raw
    rows = np.pad(
        pixels[::-1, :, ::-1].reshape(height, -1), ((0, 0), (0, -3 * width % 4))
    )
    return header + rows.tobytes()


def _gif(pixels):
    """Encodes the red channel of pixels as a grey GIF.

    A GIF encoder usually compresses, with codes that grow. This one clears the
    table of codes so often that all codes keep 8 bits.
    """
    height, width, _ = pixels.shape
    grey = pixels[..., 0].ravel() // 2  # 7 bits a pixel, 8 bits a code
    size = width.to_bytes(2, 'little') + height.to_bytes(2, 'little')
    palette = np.repeat(np.arange(0, 256, 2, np.uint8), 3).tobytes()
    codes = []
    for start in range(0, grey.size, 100):
        codes += [128, *grey[start : start + 100]]  # 128 clears the table
    data = np.array([*codes, 129], np.uint8).tobytes()
    blocks = b''.join(
        bytes([len(data[i : i + 255])]) + data[i : i + 255]
        for i in range(0, len(data), 255)
    )
    return (
        b'GIF89a'
        + size
        + b'\xf6\0\0'
        + palette
        + b','
        + bytes(4)
        + size
        + b'\0\x07'
        + blocks
        + b'\0;'
    )


def classify_inputs(count=COUNT):
    return {
        'image': np.array(pictures(count), object),
        'number': np.arange(count, dtype=np.int32) % 10,
    }


INPUTS = {'serving_default': predict_inputs, 'classify_bytes': classify_inputs}
