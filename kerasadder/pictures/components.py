"""Labels connected components, in TensorFlow ops."""

import tensorflow as tf


def label(mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Labels the connected components of each mask.

    Pixels that touch at a corner are connected too. The algorithm is FastSV
    (Zhang, Azad and Hu, 2020). Every pixel points to a pixel of its component,
    at first to itself. In each round a pixel takes the least target of its
    neighbours, and then the target of that target. Therefore even a long
    stroke needs few rounds.

    Args:
        mask: bool tensor `(masks, height, width)`. A component lies within one
            mask.

    Returns:
        int64 tensor `(n, 3)`: mask, row and column of the n pixels that are
        True. int32 tensor `(n,)`: the component of each pixel, from 0 on.
    """
    where = tf.where(mask)
    place = tf.where(tf.reshape(tf.pad(mask, [[0, 0], [1, 1], [1, 1]]), [-1]))
    place = tf.cast(place[:, 0], tf.int32)
    count = tf.size(place)
    itself = tf.range(count)
    row = tf.shape(mask)[2] + 2
    cells = tf.shape(mask)[0] * (tf.shape(mask)[1] + 2) * row
    numbered = tf.tensor_scatter_nd_update(
        tf.fill([cells], count), place[:, None], itself
    )
    steps = tf.stack(
        [-row - 1, -row, -row + 1, -1, 0, 1, row - 1, row, row + 1]
    )
    around = tf.gather(numbered, place + steps[:, None])

    def hook(parent, _):
        padded = tf.concat([parent, [count]], axis=0)
        least = tf.reduce_min(tf.gather(padded, around), axis=0)
        hooked = tf.minimum(
            least, tf.math.unsorted_segment_min(least, parent, count)
        )
        hooked = tf.gather(hooked, hooked)
        hooked = tf.gather(hooked, hooked)
        return hooked, tf.reduce_any(hooked != parent)

    parent, _ = tf.while_loop(
        lambda _, changed: changed, hook, (itself, count > 0)
    )
    return where, tf.unique(parent)[1]
