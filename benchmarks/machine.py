"""Describes the machine of a benchmark and measures its peak rate."""

import os
import platform
import time

import keras
import numpy as np
import tensorflow as tf


def description():
    """Describes the hardware and the versions that the figures depend on.

    Returns:
        A dict: `cpu`, `cores`, `gpus` (a list of names), `python`, `tensorflow`
        and `keras`.
    """
    model = platform.processor()
    if os.path.exists('/proc/cpuinfo'):
        with open('/proc/cpuinfo', encoding='utf-8') as file:
            names = [x.partition(': ')[2] for x in file if 'model name' in x]
        model = names[0].strip() if names else model
    gpus = tf.config.list_physical_devices('GPU')
    return {
        'cpu': model,
        'cores': os.cpu_count(),
        'gpus': [
            tf.config.experimental.get_device_details(gpu).get('device_name')
            for gpu in gpus
        ],
        'python': platform.python_version(),
        'tensorflow': tf.__version__,
        'keras': keras.__version__,
    }


def gemm_rate(size=2048, rounds=5):
    """Measures the machine's peak rate in float32 matrix products.

    Args:
        size: Rows and columns of the two matrices.
        rounds: Number of timed products. The fastest one counts.

    Returns:
        The rate in FLOP/s.
    """
    matrix = tf.random.normal((size, size))
    seconds = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        tf.linalg.matmul(matrix, matrix).numpy()
        seconds.append(time.perf_counter() - began)
    return 2 * size**3 / min(seconds[1:])


def training_flops(model):
    """Counts the FLOPs that one training step takes for each image.

    The count has the multiplications and additions of convolutions and dense
    layers. Each layer computes one product forward and two backward. The first
    layer computes one backward, because its input needs no gradient.
    """
    flops, products = 0, 2
    for layer in model.layers:
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense)):
            positions = np.prod(layer.output.shape[1:-1])
            flops += products * 2 * positions * np.prod(layer.kernel.shape)
            products = 3
    return int(flops)
