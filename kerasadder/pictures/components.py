"""Connected components in TensorFlow ops."""

import tensorflow as tf


def label(mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Tells which pixels of masks hang together, corner to corner too.

    This is FastSV (Zhang, Azad and Hu, 2020): every pixel points to another
    of its component, each to the least of those that its neighbours point to,
    then to where that one points, so that few rounds do for long strokes.

    Args:
        mask: bool tensor `(masks, height, width)`; each mask for itself.

    Returns:
        int64 tensor `(n, 3)`, the indices of the pixels in a mask, and int32
        tensor `(n,)`, the component of each, from 0 on.
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
