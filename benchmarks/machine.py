"""The machine that a benchmark runs on, and its peak rate."""

import os
import platform
import time

import keras
import numpy as np
import tensorflow as tf


def description():
    """Returns a dict of what the figures depend on."""
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
    """Returns the machine's peak in float32 matrix products, FLOP/s."""
    matrix = tf.random.normal((size, size))
    seconds = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        tf.linalg.matmul(matrix, matrix).numpy()
        seconds.append(time.perf_counter() - began)
    return 2 * size**3 / min(seconds[1:])


def training_flops(model):
    """Returns the FLOPs of one training step per image.

    Counted are the multiplications and additions of convolutions and dense
    layers: one product forward and two backward, the first layer's input
    needing no gradient.
    """
    flops, products = 0, 2
    for layer in model.layers:
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense)):
            positions = np.prod(layer.output.shape[1:-1])
            flops += products * 2 * positions * np.prod(layer.kernel.shape)
            products = 3
    return int(flops)
