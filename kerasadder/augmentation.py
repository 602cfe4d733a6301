"""Random warps of images, as pure functions of a seed."""

import math

import tensorflow as tf

ROTATION = 10.0  # degrees, either way
SCALE = 0.1  # relative to 1, either way, each axis on its own
SHEAR = 0.1  # horizontal shift per row, either way
SHIFT = 2.0  # pixels, either way, each axis on its own


def random_affine(
    images, seed, rotation=ROTATION, scale=SCALE, shear=SHEAR, shift=SHIFT
):
    """Warps each image by a random affine map of its own about its centre.

    The maps are drawn statelessly: equal seeds give equal warps. The strengths
    are half-widths of uniform distributions around no warp at all.

    Args:
        images: Tensor `(batch, height, width, channels)` of any real dtype.
        seed: Integer tensor of shape `(2,)`.
        rotation: Degrees.
        scale: Relative to 1, drawn for each axis.
        shear: Columns per row.
        shift: Pixels, drawn for each axis.

    Returns:
        float32 tensor of the shape of `images`, bilinearly interpolated, zero
        where the map points outside the image.
    """
    shape = tf.shape(images)
    strengths = [math.radians(rotation), scale, scale, shear, shift, shift]
    draws = tf.random.stateless_uniform((6, shape[0]), seed, -1.0, 1.0)
    angle, scale_x, scale_y, shear, shift_x, shift_y = tf.unstack(
        draws * tf.constant(strengths)[:, None]
    )
    # The kernel wants the map from output to input pixels, row by row:
    # x' = a x + b y + c, y' = d x + e y + f, then the unused projective part.
    cos, sin = tf.cos(angle), tf.sin(angle)
    a, b = cos * (1.0 + scale_x), shear * cos - sin
    d, e = sin, (shear * sin + cos) * (1.0 + scale_y)
    centre_y = tf.cast(shape[1] - 1, tf.float32) / 2.0
    centre_x = tf.cast(shape[2] - 1, tf.float32) / 2.0
    c = centre_x + shift_x - a * centre_x - b * centre_y
    f = centre_y + shift_y - d * centre_x - e * centre_y
    zero = tf.zeros_like(a)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(images, tf.float32),
        transforms=tf.stack([a, b, c, d, e, f, zero, zero], axis=1),
        output_shape=shape[1:3],
        interpolation='BILINEAR',
        fill_mode='CONSTANT',
        fill_value=0.0,
    )
