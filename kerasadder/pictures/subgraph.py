"""Parts of the graph that TensorFlow prepares when a picture needs them."""

from collections.abc import Callable

import tensorflow as tf


def subgraph(*signature: tf.TensorSpec) -> Callable[[Callable], Callable]:
    """Makes a decorator: the function becomes a part of its own in a graph.

    A graph stores such a part once, however often it calls it, and TensorFlow
    optimizes the part at its first call. A server's first answer would else
    wait until the ways of reading all kinds of pictures are optimized.

    Args:
        *signature: Of the function's arguments.
    """
    return tf.function(
        input_signature=signature,
        autograph=False,  # as of `normalize_pictures`
        experimental_attributes={'_noinline': True},
    )
