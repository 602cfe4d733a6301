"""The fifteen corruptions of MNIST-C, written anew from their description.

Mu and Gilmer, "MNIST-C: A Robustness Benchmark for Computer Vision", 2019,
arXiv 1906.02337, say what the kinds are and how severe. Their random draws and
some details of interpolation are not ours, so the images are not the same. The
names are those of TFDS's `mnist_corrupted`.

Every function but `corrupt` takes and returns images of floats 0..1,
`(n, 28, 28)`; what it returns beyond 0..1 is clipped. Training must not use
this module: it measures how a model reads what it has not seen.
"""

import itertools

import numpy as np

SIDE = 28
# From the middle of the image, pixels.
Y, X = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2


def corrupt(images, kind, seed=0):
    """Corrupts images, a pure function of its arguments.

    Args:
        images: uint8 array `(n, 28, 28, 1)`.
        kind: One of `KINDS`.
        seed: Integer, 0 or more.

    Returns:
        A uint8 array of the same shape.
    """
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    corrupted = _FUNCTIONS[kind](images[..., 0] / 255, rng)
    return np.uint8(np.round(255 * corrupted.clip(0, 1)))[..., None]


def shot_noise(images, rng):
    """Counts few photons: Poisson noise, at most 3 a pixel on average."""
    return rng.poisson(3 * images) / 3


def impulse_noise(images, rng):
    """Makes 17 % of the pixels black or white: salt and pepper."""
    draw = rng.random(images.shape)
    return np.where(draw < 0.17, draw < 0.17 / 2, images)


def glass_blur(images, rng):
    """Shuffles neighbours twice between two blurs, as frosted glass does."""
    images = _blur(images, 0.7)
    every = np.arange(len(images))
    inner = range(SIDE - 1, 1, -1)
    for y, x in [(y, x) for _ in range(2) for y in inner for x in inner]:
        # Each pixel stays or goes up or left by at most one, half of the time.
        up, left = rng.integers(2, size=(2, len(images)))
        up, left = (up, left) * rng.integers(2, size=len(images))
        moved = images[every, y - up, x - left]
        images[every, y - up, x - left] = images[:, y, x]
        images[:, y, x] = moved
    return _blur(images, 0.7)


def motion_blur(images, rng):
    """Smears along a line within 45 degrees of the horizontal.

    The weights are half a Gaussian of standard deviation 3, 21 pixels long.
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
    """Shrinks to 0.7 of the size."""
    return _sample(images, Y / 0.7, X / 0.7)


def rotate(images, rng):
    """Turns by 0.4 radians, one way or the other."""
    angle = 0.4 * _signs(images, rng)
    cos, sin = np.cos(angle), np.sin(angle)
    return _sample(images, sin * X + cos * Y, cos * X - sin * Y)


def brightness(images, rng):
    """Lightens every pixel by half of the range."""
    return images + 0.5


def translate(images, rng):
    """Shifts by 3 pixels along each axis, one way or the other."""
    shift_y, shift_x = 3 * _signs(images, rng), 3 * _signs(images, rng)
    return _sample(images, Y + shift_y, X + shift_x)


def stripe(images, rng):
    """Inverts the outer quarters, the 7 columns at the left and the right."""
    return np.where(np.abs(X) > 7, 1 - images, images)


def fog(images, rng):
    """Lays a cloud over the image, three times as light as the image."""
    white = images.max(axis=(1, 2), keepdims=True)
    # Large maps, so some images at a time.
    cloud = [
        _clouds(len(part), rng)
        for part in np.array_split(images, len(images) // 50 + 1)
    ]
    return (images + 3 * np.concatenate(cloud)) * white / (white + 3)


def spatter(images, rng):
    """Throws mud, a dark grey, on the image: thresholds of smoothed noise."""
    liquid = _blur(rng.normal(0.65, 0.3, images.shape), 1)
    mud = _blur((liquid > 0.65).astype(float), 1.5)
    mud[mud < 0.8] = 0
    return images * (1 - mud) + 63 / 255 * mud


def dotted_line(images, rng):
    """Draws a line from the left edge to the right, every other 2 columns."""
    start, end = rng.integers(27, size=(2, *_each(images)))
    dots = np.arange(SIDE) // 2 % 2
    return images + dots * _line(0, start, 27, end)


def zigzag(images, rng):
    """Draws a zigzag from the left edge to the right, 4 pixels high."""
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
    """Leaves the outlines, white on black, that Canny (1986) finds."""
    smooth = _blur(images, 1)
    rise_y, rise_x = _sobel(smooth), _sobel(smooth.swapaxes(1, 2))
    rise_x = rise_x.swapaxes(1, 2)
    slope = np.hypot(rise_y, rise_x)
    # On the crest of the slope, across the edge.
    step = np.maximum(np.abs(rise_y), np.abs(rise_x)).clip(1e-9)
    step_y, step_x = rise_y / step, rise_x / step
    ahead = _sample(slope, Y + step_y, X + step_x)
    behind = _sample(slope, Y - step_y, X - step_x)
    inside = np.maximum(np.abs(Y), np.abs(X)) < SIDE / 2 - 1
    crest = (slope >= ahead) & (slope >= behind) & inside
    # What is steep, and what joins it and is half as steep.
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
    """Returns the shape of one draw for each image."""
    return len(images), 1, 1


def _signs(images, rng):
    return rng.choice([-1, 1], _each(images))


def _sample(images, y, x):
    """Reads images bilinearly at points from the middle; 0 is around them."""
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
    """Blurs by a Gaussian of a standard deviation in pixels."""
    reach = int(4 * deviation + 0.5)
    steps = np.arange(-reach, reach + 1)
    weights = np.exp(-(steps**2) / (2 * deviation**2))
    # Row i says how pixel i is mixed; the edge goes on outside the image.
    mix = np.zeros((SIDE, SIDE))
    for step, weight in zip(steps, weights / weights.sum()):
        source = (np.arange(SIDE) + step).clip(0, SIDE - 1)
        mix[np.arange(SIDE), source] += weight
    return mix @ images @ mix.T


def _sobel(images):
    """Returns the vertical rise of the images, by Sobel's 3x3 weights."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)), 'edge')
    rise = padded[:, 2:] - padded[:, :-2]
    return rise[..., :-2] + 2 * rise[..., 1:-1] + rise[..., 2:]


def _line(x0, y0, x1, y1):
    """Returns lines, 1 in the middle and fading over 1.5 pixels to 0.

    From column x0 to x1 at rows y0 and y1; each a number or `(n, 1, 1)`.
    """
    rows, columns = np.mgrid[:SIDE, :SIDE]
    middle = y0 + (y1 - y0) * (columns - x0) / (x1 - x0)
    distance = np.abs(rows - middle).clip(0, 2.2)
    line = (1 + np.log(1 - distance / 2.3)).clip(0, 1)
    return line * (columns >= np.floor(x0)) * (columns < np.ceil(x1))


def _clouds(n, rng, side=256, decay=1.4**2):
    """Returns n corners of plasma fractals, 0..1 over all of each.

    Fournier, Fussell and Carpenter, 1982: a periodic grid becomes twice as
    fine, its new points the mean of the four around them and a random height,
    until it has `side` points. The heights become `decay` times smaller.
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
