"""Implements the fifteen corruptions of MNIST-C from their description.

Mu and Gilmer describe the kinds and their severities in "MNIST-C: A Robustness
Benchmark for Computer Vision", 2019, arXiv 1906.02337. The random draws and
some details of the interpolation differ here, so the images differ from theirs.
The names of the kinds are the names in TFDS's `mnist_corrupted`.

Each kind is a function that takes float images `(n, 28, 28)`, 0..1, and a NumPy
random generator. It returns the corrupted images, which `corrupt` clips to
0..1. Training must not use this module, because the module measures how a model
reads images of kinds that it has not seen.
"""

import itertools

import numpy as np

SIDE = 28
# The coordinates of each pixel, measured from the middle of the image.
Y, X = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2


def corrupt(images, kind, seed=0):
    """Corrupts images; equal arguments give equal results.

    Args:
        images: uint8 array `(n, 28, 28, 1)`.
        kind: One of `KINDS`.
        seed: Integer, 0 or more, the seed of the random draws.

    Returns:
        A uint8 array of the same shape.
    """
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    corrupted = _FUNCTIONS[kind](images[..., 0] / 255, rng)
    return np.uint8(np.round(255 * corrupted.clip(0, 1)))[..., None]


def shot_noise(images, rng):
    """Adds the Poisson noise of few photons, 3 on average in a white pixel."""
    return rng.poisson(3 * images) / 3


def impulse_noise(images, rng):
    """Makes 17 % of the pixels black or white (salt-and-pepper noise)."""
    draw = rng.random(images.shape)
    return np.where(draw < 0.17, draw < 0.17 / 2, images)


def glass_blur(images, rng):
    """Shuffles neighbouring pixels between two blurs, like frosted glass."""
    images = _blur(images, 0.7)
    every = np.arange(len(images))
    inner = range(SIDE - 1, 1, -1)
    for y, x in [(y, x) for _ in range(2) for y in inner for x in inner]:
        # With probability 1/2 a pixel stays. Otherwise it moves by 0 or 1 pixel
        # up and by 0 or 1 pixel to the left.
        up, left = rng.integers(2, size=(2, len(images)))
        up, left = (up, left) * rng.integers(2, size=len(images))
        moved = images[every, y - up, x - left]
        images[every, y - up, x - left] = images[:, y, x]
        images[:, y, x] = moved
    return _blur(images, 0.7)


def motion_blur(images, rng):
    """Smears the image along a line within 45 degrees of the horizontal.

    The weights are one half of a Gaussian with a standard deviation of 3
    pixels. They reach over 21 pixels.
    """
    angle = np.radians(rng.uniform(-45, 45, _each(images)))
    weights = np.exp(-(np.arange(21) ** 2) / (2 * 3**2))
    blurred = np.zeros_like(images)
    for distance, weight in enumerate(weights / weights.sum()):
        shift_y = np.round(distance * np.sin(angle))
        shift_x = np.round(distance * np.cos(angle))
        blurred += weight * _sample(images, Y + shift_y, X + shift_x)
    return blurred


def shear(images, rng):
    """Leans the vertical axis by 0.4 radians to the left or right."""
    angle = 0.4 * _signs(images, rng)
    return _sample(images, np.cos(angle) * Y, X - np.sin(angle) * Y)


def scale(images, rng):
    """Shrinks the image to 0.7 of its size."""
    return _sample(images, Y / 0.7, X / 0.7)


def rotate(images, rng):
    """Rotates the image by 0.4 radians in either direction."""
    angle = 0.4 * _signs(images, rng)
    cos, sin = np.cos(angle), np.sin(angle)
    return _sample(images, sin * X + cos * Y, cos * X - sin * Y)


def brightness(images, rng):
    """Brightens every pixel by half of the range of values."""
    return images + 0.5


def translate(images, rng):
    """Shifts the image by 3 pixels in either direction of each axis."""
    shift_y, shift_x = 3 * _signs(images, rng), 3 * _signs(images, rng)
    return _sample(images, Y + shift_y, X + shift_x)


def stripe(images, rng):
    """Inverts the 7 leftmost and the 7 rightmost columns."""
    return np.where(np.abs(X) > 7, 1 - images, images)


def fog(images, rng):
    """Lays a cloud over the image, three times as bright as the image."""
    white = images.max(axis=(1, 2), keepdims=True)
    # The maps of the clouds are large, so some are made at a time.
    cloud = [
        _clouds(len(part), rng)
        for part in np.array_split(images, len(images) // 50 + 1)
    ]
    return (images + 3 * np.concatenate(cloud)) * white / (white + 3)


def spatter(images, rng):
    """Spatters dark grey mud on the image, where smoothed noise is high."""
    liquid = _blur(rng.normal(0.65, 0.3, images.shape), 1)
    mud = _blur((liquid > 0.65).astype(float), 1.5)
    mud[mud < 0.8] = 0
    return images * (1 - mud) + 63 / 255 * mud


def dotted_line(images, rng):
    """Draws a dotted line from the left edge to the right edge.

    Two columns with the line alternate with two columns without it.
    """
    start, end = rng.integers(27, size=(2, *_each(images)))
    dots = np.arange(SIDE) // 2 % 2
    return images + dots * _line(0, start, 27, end)


def zigzag(images, rng):
    """Draws a zigzag, 4 pixels high, from the left edge to the right edge."""
    left, right = 2, 25
    start = rng.integers(27, size=_each(images))
    end = start + rng.integers(-5, 5, size=_each(images))
    length = np.hypot(right - left, end - start)
    cos, sin = (right - left) / length, (end - start) / length
    along = [0, 2, 6, 10, 14, 18, 22, length]
    across = [0, 2, -2, 2, -2, 2, -2, 0]
    points = [
        (left + cos * u - sin * v, start + sin * u + cos * v)
        for u, v in zip(along, across)
    ]
    for first, second in itertools.pairwise(points):
        images = images + _line(*first, *second)
    return images


def canny_edges(images, rng):
    """Replaces the image by its edges (Canny, 1986), white on black."""
    smooth = _blur(images, 1)
    rise_y, rise_x = _sobel(smooth), _sobel(smooth.swapaxes(1, 2))
    rise_x = rise_x.swapaxes(1, 2)
    slope = np.hypot(rise_y, rise_x)
    # A crest is where the slope is highest along its own direction.
    step = np.maximum(np.abs(rise_y), np.abs(rise_x)).clip(1e-9)
    step_y, step_x = rise_y / step, rise_x / step
    ahead = _sample(slope, Y + step_y, X + step_x)
    behind = _sample(slope, Y - step_y, X - step_x)
    inside = np.maximum(np.abs(Y), np.abs(X)) < SIDE / 2 - 1
    crest = (slope >= ahead) & (slope >= behind) & inside
    # A steep crest is an edge. So is a crest half as steep that joins an edge.
    weak, edges = crest & (slope >= 0.1), crest & (slope >= 0.2)
    while True:
        padded = np.pad(edges, ((0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(
            padded, (3, 3), axis=(1, 2)
        )
        grown = weak & windows.any(axis=(3, 4))
        if (grown == edges).all():
            return edges.astype(float)
        edges = grown


_FUNCTIONS = {
    function.__name__: function
    for function in (
        shot_noise,
        impulse_noise,
        glass_blur,
        motion_blur,
        shear,
        scale,
        rotate,
        brightness,
        translate,
        stripe,
        fog,
        spatter,
        dotted_line,
        zigzag,
        canny_edges,
    )
}
KINDS = tuple(_FUNCTIONS)


def _each(images):
    """Returns the shape of an array with one random value for each image."""
    return len(images), 1, 1


def _signs(images, rng):
    return rng.choice([-1, 1], _each(images))


def _sample(images, y, x):
    """Samples images bilinearly at points `y, x` from the middle.

    Pixels outside an image are 0.
    """
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    middle = (SIDE + 1) / 2
    y, x = np.broadcast_arrays(
        *((at + middle).clip(0, SIDE + 1 - 1e-6) for at in (y, x)),
    )
    top, left = y.astype(int), x.astype(int)
    every = np.arange(len(images))[:, None, None]
    below, right = y - top, x - left
    return (1 - below) * (
        (1 - right) * padded[every, top, left]
        + right * padded[every, top, left + 1]
    ) + below * (
        (1 - right) * padded[every, top + 1, left]
        + right * padded[every, top + 1, left + 1]
    )


def _blur(images, deviation):
    """Blurs images with a Gaussian; `deviation` is in pixels."""
    reach = int(4 * deviation + 0.5)
    steps = np.arange(-reach, reach + 1)
    weights = np.exp(-(steps**2) / (2 * deviation**2))
    # Row i has the weights of all pixels in the blurred pixel i. Pixels outside
    # the image repeat its edge.
    mix = np.zeros((SIDE, SIDE))
    for step, weight in zip(steps, weights / weights.sum()):
        source = (np.arange(SIDE) + step).clip(0, SIDE - 1)
        mix[np.arange(SIDE), source] += weight
    return mix @ images @ mix.T


def _sobel(images):
    """Returns the vertical gradient of images, by Sobel's 3x3 kernel."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)), 'edge')
    rise = padded[:, 2:] - padded[:, :-2]
    return rise[..., :-2] + 2 * rise[..., 1:-1] + rise[..., 2:]


def _line(x0, y0, x1, y1):
    """Draws lines from (x0, y0) to (x1, y1), x a column and y a row.

    A line is 1 in its middle and fades to 0 over 1.5 pixels.

    Args:
        x0: Number, or array `(n, 1, 1)`; so are the others.
        y0: Row at column x0.
        x1: Column of the end.
        y1: Row at column x1.

    Returns:
        Array `(n, 28, 28)`, or `(28, 28)` if all four are numbers.
    """
    rows, columns = np.mgrid[:SIDE, :SIDE]
    middle = y0 + (y1 - y0) * (columns - x0) / (x1 - x0)
    distance = np.abs(rows - middle).clip(0, 2.2)
    line = (1 + np.log(1 - distance / 2.3)).clip(0, 1)
    return line * (columns >= np.floor(x0)) * (columns < np.ceil(x1))


def _clouds(n, rng, side=256, decay=1.4**2):
    """Makes n clouds, cut out of plasma fractals (Fournier et al., 1982).

    The method begins with a periodic grid of one point, and makes it twice as
    fine until it has `side` points along each axis. A new point is the mean of
    its four neighbours plus a random height. The heights become `decay` times
    smaller each time. Each whole fractal is scaled to 0..1.

    Returns:
        float32 array `(n, 28, 28)`.
    """
    grid, height = np.zeros((n, 1, 1), np.float32), 1.0
    while grid.shape[1] < side:
        half = grid.shape[1]
        noise = height * (2 * rng.random((3, n, half, half), np.float32) - 1)
        right = np.roll(grid, -1, 2)
        below, across = np.roll(grid, -1, 1), np.roll(right, -1, 1)
        middle = (grid + right + below + across) / 4 + noise[0]
        finer = np.empty((n, 2 * half, 2 * half), np.float32)
        finer[:, ::2, ::2], finer[:, 1::2, 1::2] = grid, middle
        finer[:, ::2, 1::2] = noise[1] + (
            (grid + right + middle + np.roll(middle, 1, 1)) / 4
        )
        finer[:, 1::2, ::2] = noise[2] + (
            (grid + below + middle + np.roll(middle, 1, 2)) / 4
        )
        grid, height = finer, height / decay
    low, high = (f(grid, axis=(1, 2), keepdims=True) for f in (np.min, np.max))
    return ((grid - low) / (high - low))[:, :SIDE, :SIDE]
