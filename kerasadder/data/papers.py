"""Puts digits on other papers: uneven, grainy, specked, in shadow.

Each function takes images, float32 `(batch, height, width, channels)`, and a
seed, an integer tensor `(2,)`. It returns float32 images of the same shape.
It draws a strength for every image.
"""

import math

import tensorflow as tf

from kerasadder.data import drawing


def patch(images: tf.Tensor, seed: tf.Tensor, share: float = 0.25) -> tf.Tensor:
    """Changes brightness and contrast of a part of some images.

    The part lies beyond a straight edge, or beyond two parallel ones. It may be
    inverted. Shadows have such edges, and so have labels, and tables beside the
    paper.

    Args:
        share: The share of images, 0..1, that change.
    """
    drawn, turn, tilted, tilt, offset, gain, level, soft, both = drawing.draws(
        images, seed, 9
    )
    y, x = drawing.grid(images)
    # Half of the edges are vertical or horizontal, as most edges are.
    angle = math.pi / 2 * tf.floor(4 * turn)
    angle += tf.where(tilted < 0.5, 0.0, math.pi / 2 * (tilt - 0.5))
    u, _ = drawing.turn(x, y, angle)
    u = tf.where(both < 0.4, tf.abs(u), u)
    cover = tf.sigmoid((u - 4 - 9 * offset) / (0.1 + 3 * soft**3))
    cover = tf.where(drawn < share, cover, 0.0)
    gain = 2 * gain - 1
    base = tf.where(gain < 0, 1 - level * (1 + gain), level * (1 - gain))
    return images + cover * (gain * images + 255 * base - images)


def texture(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Gives each image an uneven ground, grain, specks or none of them."""
    seeds = drawing.split(seed, 4)
    (drawn,) = drawing.draws(images, seeds[0], 1)
    textured = images
    for end, kind, kind_seed in (
        (0.65, specks, seeds[1]),
        (0.5, grain, seeds[2]),
        (0.3, ground, seeds[3]),
    ):
        textured = tf.where(drawn < end, kind(images, kind_seed), textured)
    return textured


def ground(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Makes the digit paler, and the paper unevenly light.

    The paper is the sum of three smooth random surfaces, from coarse to fine:
    light from a side, creases, grain. A gamma changes how dark the middle greys
    are.
    """
    draws_seed, *surface_seeds = drawing.split(seed, 4)
    gamma, *strengths = drawing.draws(images, draws_seed, 4)
    ink = tf.clip_by_value(images / 255, -1.0, 1.0)
    ink = tf.sign(ink) * tf.abs(ink) ** tf.exp(1.4 * (gamma - 0.5))
    paper = 0.0
    for points, height, strength, surface_seed in zip(
        (3, 6, 13), (0.5, 0.35, 0.25), strengths, surface_seeds
    ):
        surface = tf.random.stateless_uniform(
            (tf.shape(images)[0], points, points, 1), surface_seed, -1.0, 1.0
        )
        surface = tf.image.resize(surface, images.shape[1:3])
        paper += height * strength * surface
    return 255 * (0.85 * ink + paper)


def grain(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Adds normal noise, either even or stronger where the image is light."""
    draws_seed, noise_seed = drawing.split(seed, 2)
    strength, by_light = drawing.draws(images, draws_seed, 2)
    light = tf.sqrt(tf.abs(images) / 160)
    strength *= 90 * tf.where(by_light < 0.4, light, 1.0)
    return images + strength * tf.random.stateless_normal(
        tf.shape(images), noise_seed
    )


def specks(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Replaces up to 30 % of the pixels by any grey, or by black and white."""
    draws_seed, where_seed, grey_seed = drawing.split(seed, 3)
    share, extreme = drawing.draws(images, draws_seed, 2)
    grey = tf.random.stateless_uniform(tf.shape(images), grey_seed)
    grey = tf.where(extreme < 0.5, tf.round(grey), grey)
    where = tf.random.stateless_uniform(tf.shape(images), where_seed)
    return tf.where(where < 0.3 * share, 255 * grey, images)
