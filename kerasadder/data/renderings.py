"""Renders images anew: with other pens, on other papers, by other cameras.

MNIST's images are all alike: a bold pen, black paper, no line or speck beside
the digit. Each function of this module adds one kind of difference. It is a
pure function of images, float32 `(batch, height, width, channels)`, 0..255,
and a seed, int64 `(2,)`. It gives every image a strength of its own.

Keras has layers for blurs and erased boxes. They keep a generator as state, so
a resumed run could not see the images of an uninterrupted one.
"""

import math

import numpy as np
import tensorflow as tf

from kerasadder.data.augmentation import random_warp

# Wider than the warps of images that are not rendered anew.
WARP = {
    'rotation': 25.0,
    'scale': 0.4,
    'shear': 0.3,
    'shift': 3.5,
    'elastic': 0.7,
}
KERNEL = 9  # pixels, the side of a filter's kernel
LOW_RESOLUTIONS = range(8, 15)  # pixels, of an image's side
NEIGHBOUR = 19  # pixels, from a digit's image to its neighbour's


def render(images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Renders each image anew, by several kinds that it draws at random.

    Args:
        images: Tensor `(batch, height, width, channels)` of any real dtype,
            0..255, light on dark.
        labels: Integer tensor `(batch,)`, the digits; some 1s get a flag.
        seed: Integer tensor `(2,)`. Equal seeds render equally.

    Returns:
        float32 tensor of the shape of `images`. Its range is not 0..255: the
        model standardises its input.
    """
    kinds = [
        lambda images, seed: flag(images, labels, seed),
        lambda images, seed: random_warp(images, seed, **WARP),
        stroke,
        outline,
        resolution,
        filtered,
        line,
        neighbour,
        patch,
        texture,
    ]
    images = tf.cast(images, tf.float32)
    for kind, kind_seed in zip(kinds, _split(seed, len(kinds))):
        images = kind(images, kind_seed)
    return images


def flag(
    images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor, share: float = 0.3
) -> tf.Tensor:
    """Gives some 1s the flag, and some the foot, that many hands write.

    MNIST was written in the United States, where a 1 is a single stroke. The
    flag falls from the top to the left, steeper and shorter than a 7's.
    """
    drawn, angle, length, width, foot, tilt = _draws(images, seed, 6)
    y, x = _grid(images)
    ink = tf.cast(images[..., :1] > 100, tf.float32)
    rows = tf.reduce_max(ink, axis=2, keepdims=True)
    rows_y = y[:, :, :1]
    top, bottom = (
        sign * tf.reduce_max(sign * tf.where(rows > 0, rows_y, -sign * 99.0), 1)
        for sign in (-1.0, 1.0)
    )
    top, bottom = top[:, None], bottom[:, None]

    def middle(row):
        near = ink * tf.cast(tf.abs(y - row) < 1.5, tf.float32)
        return tf.math.divide_no_nan(
            tf.reduce_sum(near * x, [1, 2], keepdims=True),
            tf.reduce_sum(near, [1, 2], keepdims=True),
        )

    height = bottom - top
    width = 0.6 + width
    angle = math.radians(25) + math.radians(40) * angle
    length = (0.2 + 0.25 * length) * height
    start = (middle(top), top + 0.5)
    end = (
        start[0] - length * tf.sin(angle),
        start[1] + length * tf.cos(angle),
    )
    cover = _segment(x, y, start, end, width)
    half = (0.15 + 0.2 * foot) * height
    foot_cover = _segment(
        x,
        y,
        (middle(bottom) - half, bottom - 0.3),
        (middle(bottom) + half, bottom - 1.3 + 2 * tilt),
        width,
    )
    cover = tf.where(foot < 0.4, tf.maximum(cover, foot_cover), cover)
    is_one = tf.reshape(labels, (-1, 1, 1, 1)) == 1
    cover = tf.where(is_one & (drawn < share), cover, 0.0)
    return tf.maximum(images, 255 * cover)


def stroke(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Makes strokes thinner or thicker, as other pens do.

    Thinner by a 2x2 minimum, thicker by a 3x3 maximum once or twice.
    """
    drawn, weight = _draws(images, seed, 2)
    thin = -tf.nn.max_pool2d(-images, 2, 1, 'SAME')
    thick = tf.nn.max_pool2d(images, 3, 1, 'SAME')
    thicker = tf.nn.max_pool2d(thick, 3, 1, 'SAME')
    other = tf.where(drawn < 0.1, thicker, images)
    other = tf.where((drawn >= 0.1) & (drawn < 0.3), thick, other)
    other = tf.where((drawn >= 0.3) & (drawn < 0.6), thin, other)
    return images + tf.sqrt(weight) * (other - images)


def outline(
    images: tf.Tensor, seed: tf.Tensor, share: float = 0.06
) -> tf.Tensor:
    """Hollows some digits: leaves the rim that a thicker stroke would add."""
    (drawn,) = _draws(images, seed, 1)
    rim = tf.nn.max_pool2d(images, 3, 1, 'SAME') - images
    return tf.where(drawn < share, rim, images)


def resolution(
    images: tf.Tensor, seed: tf.Tensor, share: float = 0.25
) -> tf.Tensor:
    """Shrinks some images to 8 to 14 pixels a side, and enlarges them again."""
    drawn, size = _draws(images, seed, 2)
    _, height, width, _ = images.shape
    index = tf.cast(size[:, 0, 0, 0] * len(LOW_RESOLUTIONS), tf.int32)
    vertical, horizontal = (
        tf.gather(
            tf.constant(
                np.stack([_resampling(side, n) for n in LOW_RESOLUTIONS])
            ),
            index,
        )
        for side in (height, width)
    )
    low = tf.einsum('byi,bijc,bxj->byxc', vertical, images, horizontal)
    return tf.where(drawn < share, tf.clip_by_value(low, 0.0, 255.0), images)


def filtered(
    images: tf.Tensor,
    seed: tf.Tensor,
    blurred: float = 0.35,
    random: float = 0.3,
) -> tf.Tensor:
    """Filters each image by a kernel of its own.

    Some kernels are a Gaussian, longer in one direction, as focus and motion
    blur. Some are random (Xu et al., "Robust and Generalizable Visual
    Representation Learning via Random Convolutions", 2021, arXiv 2007.13003):
    they change texture and polarity and keep the shape.
    """
    kinds_seed, noise_seed = _split(seed, 2)
    drawn, along, across, angle, mix, wide = _draws(images, kinds_seed, 6)
    y, x = (
        tf.constant(axis[None, :, :, None], tf.float32)
        for axis in np.mgrid[:KERNEL, :KERNEL] - (KERNEL - 1) / 2
    )
    u, v = _turn(x, y, math.pi * angle)
    along = 0.3 + 2.7 * along**1.5  # pixels, standard deviation
    across = tf.minimum(along, 0.3 + 1.3 * across**1.5)
    blur = tf.exp(-0.5 * ((u / along) ** 2 + (v / across) ** 2))
    blur /= tf.reduce_sum(blur, [1, 2], keepdims=True)

    radius = tf.where(wide < 0.5, 1.0, 2.0)
    noise = tf.random.stateless_normal(tf.shape(blur), noise_seed)
    noise *= tf.cast(tf.maximum(tf.abs(x), tf.abs(y)) <= radius, tf.float32)
    noise /= tf.norm(noise, axis=[1, 2], keepdims=True)
    identity = tf.cast((x == 0) & (y == 0), tf.float32)

    kernels = tf.where(
        drawn < blurred + random, mix * identity + (1 - mix) * noise, identity
    )
    return _convolve(images, tf.where(drawn < blurred, blur, kernels))


def line(images: tf.Tensor, seed: tf.Tensor, share: float = 0.45) -> tf.Tensor:
    """Draws a line of any grey across some images: straight, bent or wavy."""
    (
        drawn,
        angle,
        offset,
        bend,
        width,
        grey,
        begin,
        length,
        amplitude,
        period,
    ) = _draws(images, seed, 10)
    y, x = _grid(images)
    u, v = _turn(x, y, 2 * math.pi * angle)
    bend = tf.where(bend > 0.3, 0.12 * (bend - 0.5), 0.0)
    amplitude = 5 * tf.nn.relu(amplitude - 0.5)
    frequency = 2 * math.pi / (4 + 12 * period)
    phase = frequency * u + 50 * begin
    curve = 26 * (offset - 0.5) + bend * (u**2 - 60)
    curve += amplitude * tf.sin(phase)
    slope = 2 * bend * u + amplitude * frequency * tf.cos(phase)
    distance = tf.abs(v - curve) / tf.sqrt(1 + slope**2)
    cover = tf.clip_by_value(0.8 + 1.2 * width - distance, 0.0, 1.0)
    begin = 30 * begin - 26
    end = begin + 12 + 50 * length
    cover *= tf.clip_by_value(tf.minimum(u - begin, end - u) + 0.5, 0.0, 1.0)
    cover = tf.where(drawn < share, cover, 0.0)
    return images + cover * (255 * tf.minimum(1.5 * grey, 1.0) - images)


def neighbour(
    images: tf.Tensor, seed: tf.Tensor, share: float = 0.08
) -> tf.Tensor:
    """Lets another digit of the batch reach into some images from a side."""
    drawn, side = _draws(images, seed, 2)
    others = tf.roll(images, 1, axis=0)
    gap = [NEIGHBOUR, 0]
    right = tf.pad(others[:, :, :-NEIGHBOUR], [[0, 0], [0, 0], gap, [0, 0]])
    left = tf.pad(others[:, :, NEIGHBOUR:], [[0, 0], [0, 0], gap[::-1], [0, 0]])
    other = tf.where(side < 0.5, left, right)
    return tf.where(drawn < share, tf.maximum(images, other), images)


def patch(images: tf.Tensor, seed: tf.Tensor, share: float = 0.25) -> tf.Tensor:
    """Changes brightness and contrast of some images beyond an edge or two.

    It may invert them there. A shadow has such an edge, and so have a table
    beside the paper and a label.
    """
    drawn, turn, tilted, tilt, offset, gain, level, soft, both = _draws(
        images, seed, 9
    )
    y, x = _grid(images)
    # Half of the edges are upright or level, as most in pictures are.
    angle = math.pi / 2 * tf.floor(4 * turn)
    angle += tf.where(tilted < 0.5, 0.0, math.pi / 2 * (tilt - 0.5))
    u, _ = _turn(x, y, angle)
    u = tf.where(both < 0.4, tf.abs(u), u)
    cover = tf.sigmoid((u - 4 - 9 * offset) / (0.1 + 3 * soft**3))
    cover = tf.where(drawn < share, cover, 0.0)
    gain = 2 * gain - 1
    base = tf.where(gain < 0, 1 - level * (1 + gain), level * (1 - gain))
    return images + cover * (gain * images + 255 * base - images)


def texture(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Gives each image uneven ground, grain, specks or nothing."""
    seeds = _split(seed, 4)
    (drawn,) = _draws(images, seeds[0], 1)
    textured = images
    for end, kind, kind_seed in (
        (0.65, specks, seeds[1]),
        (0.5, grain, seeds[2]),
        (0.3, ground, seeds[3]),
    ):
        textured = tf.where(drawn < end, kind(images, kind_seed), textured)
    return textured


def ground(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Makes the digit paler, on paper that is lighter here than there.

    The paper is the sum of three smooth random surfaces: light from a side,
    creases, grain. A gamma changes how dark the middle greys are.
    """
    draws_seed, *surface_seeds = _split(seed, 4)
    gamma, *strengths = _draws(images, draws_seed, 4)
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
    """Adds normal noise, everywhere alike or more of it where it is light."""
    draws_seed, noise_seed = _split(seed, 2)
    strength, by_light = _draws(images, draws_seed, 2)
    light = tf.sqrt(tf.abs(images) / 160)
    strength *= 90 * tf.where(by_light < 0.4, light, 1.0)
    return images + strength * tf.random.stateless_normal(
        tf.shape(images), noise_seed
    )


def specks(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Replaces up to 30 % of the pixels by any grey, or by black and white."""
    draws_seed, where_seed, grey_seed = _split(seed, 3)
    share, extreme = _draws(images, draws_seed, 2)
    grey = tf.random.stateless_uniform(tf.shape(images), grey_seed)
    grey = tf.where(extreme < 0.5, tf.round(grey), grey)
    where = tf.random.stateless_uniform(tf.shape(images), where_seed)
    return tf.where(where < 0.3 * share, 255 * grey, images)


def _split(seed, number):
    return tf.unstack(tf.random.experimental.stateless_split(seed, number))


def _draws(images, seed, number):
    """Draws `number` values 0..1 for each image, `(batch, 1, 1, 1)` each."""
    shape = (number, tf.shape(images)[0], 1, 1, 1)
    return tf.unstack(tf.random.stateless_uniform(shape, seed))


def _grid(images):
    """Returns each pixel's y and x from the centre, `(1, height, width, 1)`."""
    _, height, width, _ = images.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return tf.constant((y - (height - 1) / 2)[None, :, :, None]), tf.constant(
        (x - (width - 1) / 2)[None, :, :, None]
    )


def _turn(x, y, angle):
    """Returns the coordinates along and across a direction."""
    cos, sin = tf.cos(angle), tf.sin(angle)
    return x * cos + y * sin, y * cos - x * sin


def _segment(x, y, start, end, width):
    """Returns how much a stroke covers each pixel, 0..1."""
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    share = tf.math.divide_no_nan(
        (x - start[0]) * along_x + (y - start[1]) * along_y,
        along_x**2 + along_y**2,
    )
    share = tf.clip_by_value(share, 0.0, 1.0)
    distance = tf.sqrt(
        (x - start[0] - share * along_x) ** 2
        + (y - start[1] - share * along_y) ** 2
    )
    return tf.clip_by_value(width + 0.5 - distance, 0.0, 1.0)


def _resampling(side, low):
    """Returns the matrix `(side, side)` that shrinks and enlarges a line."""
    with tf.init_scope():
        lines = tf.eye(side)[:, :, None]
        lines = tf.image.resize(lines, (low, side), 'area')
        return tf.image.resize(lines, (side, side), 'bicubic')[..., 0].numpy()


def _convolve(images, kernels):
    """Convolves each image with its kernel, `(batch, side, side, 1)`."""
    _, height, width, channels = images.shape
    # To the convolution each image's channel is a channel.
    stacked = tf.transpose(images, [1, 2, 0, 3])
    stacked = tf.reshape(stacked, (1, height, width, -1))
    kernels = tf.repeat(tf.transpose(kernels, [1, 2, 0, 3]), channels, axis=2)
    stacked = tf.nn.depthwise_conv2d(stacked, kernels, [1, 1, 1, 1], 'SAME')
    stacked = tf.reshape(stacked, (height, width, -1, channels))
    return tf.transpose(stacked, [2, 0, 1, 3])
