"""Keeps parts of a graph apart until a picture needs them."""

from collections.abc import Callable

import tensorflow as tf


def subgraph(*signature: tf.TensorSpec) -> Callable[[Callable], Callable]:
    """Returns a decorator that makes a function a part of its own in a graph.

    A graph stores such a part once, however often it calls the part. TensorFlow
    optimizes the part at its first call. Otherwise, a server's first answer
    would wait until TensorFlow has optimized the code for all kinds of picture.

    No op of such a part may refuse a picture. TensorFlow would cancel the parts
    that read other pictures, and now and then report that instead of the error.

    Args:
        *signature: Shape and dtype of each argument of the function.
    """
    return tf.function(
        input_signature=signature,
        autograph=False,  # `normalize_pictures` says why
        experimental_attributes={'_noinline': True},
    )
