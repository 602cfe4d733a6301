"""Draws digits that look like photographs from a telephone."""

import io
import itertools

import numpy as np
from PIL import Image
from PIL import ImageDraw
from PIL import ImageFilter


def _arc(x, y, width, height, start, end):
    """Returns points on an arc of an ellipse; angle 0 degrees is right."""
    angles = np.radians(np.linspace(start, end, 40))
    return np.stack(
        [x + width * np.cos(angles), y + height * np.sin(angles)], 1
    )


def _lines(*points):
    """Returns points on the lines that join the given points."""
    points = np.array(points, float)
    steps = np.linspace(0, 1, 20)[:, None]
    return np.concatenate(
        [a + steps * (b - a) for a, b in itertools.pairwise(points)]
    )


# The strokes of each digit, in a box of 2 x 3 around the origin.
DIGITS = [
    [_arc(0, 0, 0.8, 1.4, 0, 360)],
    [_lines((-0.1, -1.4), (0, 1.4))],
    [
        _arc(0, -0.6, 0.8, 0.8, 190, 400),
        _lines((0.6, 0), (-0.9, 1.4), (1, 1.3)),
    ],
    [_arc(0, -0.7, 0.8, 0.7, 200, 450), _arc(0, 0.7, 0.9, 0.7, 270, 520)],
    [
        _lines((-0.3, -1.4), (-0.9, 0.3), (0.9, 0.3)),
        _lines((0.5, -0.6), (0.4, 1.4)),
    ],
    [
        _lines((0.8, -1.4), (-0.6, -1.4), (-0.7, -0.2)),
        _arc(-0.1, 0.5, 0.9, 0.85, 230, 500),
    ],
    [_arc(0.6, 0.4, 1.3, 1.8, 180, 265), _arc(0, 0.7, 0.75, 0.7, 0, 360)],
    [_lines((-0.8, -1.3), (0.8, -1.4), (-0.2, 1.4))],
    [_arc(0, -0.7, 0.65, 0.7, 0, 360), _arc(0, 0.7, 0.8, 0.7, 0, 360)],
    [_arc(0, -0.6, 0.7, 0.75, 0, 360), _lines((0.7, -0.6), (0.5, 1.4))],
]


def photograph(digit, seed, width=1200, height=900):
    """Draws a photograph of a dark grey digit on unevenly lit paper.

    The digit is large, shaky, slanted and off the centre. The light comes from
    one side and fades towards the corners. The picture has noise.

    Args:
        digit: Integer 0..9.
        seed: Integer, the seed of all random choices.
        width: Width in pixels.
        height: Height in pixels.

    Returns:
        The bytes of a JPEG file.
    """
    rng = np.random.default_rng(seed)
    size = rng.uniform(0.1, 0.25) * height
    slant = rng.uniform(-0.15, 0.3)
    centre = [
        rng.uniform(0.3, 0.7) * width,
        rng.uniform(0.45, 0.55) * height,
    ]
    ink = Image.new('L', (width, height))
    draw = ImageDraw.Draw(ink)
    for stroke in DIGITS[digit]:
        shake = rng.normal(0, 0.015, stroke.shape).cumsum(axis=0) / 3
        points = stroke + shake
        points = points - [slant, 0] * points[:, 1:]
        points = [tuple(p) for p in centre + size * points]
        thickness = int(size * rng.uniform(0.2, 0.3))
        draw.line(points, fill=255, width=thickness, joint='curve')
        for x, y in (points[0], points[-1]):
            r = thickness / 2
            draw.ellipse((x - r, y - r, x + r, y + r), fill=255)
    ink = np.asarray(ink.filter(ImageFilter.GaussianBlur(2))) / 255
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    light = 0.75 + 0.12 * (np.cos(angle) * x + np.sin(angle) * y)
    light = light - 0.1 * (x * x + y * y)
    grey = light * (1 - 0.65 * ink) + rng.normal(0, 0.02, ink.shape)
    colours = 255 * np.clip(grey[..., None] * [1.0, 0.97, 0.9], 0, 1)
    buffer = io.BytesIO()
    Image.fromarray(colours.astype(np.uint8)).save(buffer, 'JPEG', quality=80)
    return buffer.getvalue()
