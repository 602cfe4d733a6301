"""Speed, measured side by side on the machine at hand."""

import itertools
import os
import platform
import statistics
import time

import keras
import numpy as np
import tensorflow as tf

from kerasadder import compilation
from kerasadder import dataset
from kerasadder import evaluation
from kerasadder.model import build_model

SHORT_STEPS = 13  # of one execution
TIMED = 2  # executions
STEPS = 195  # a timing's steps: some seconds, so that a round is of one mood


def machine():
    """Returns what the figures depend on, a dict."""
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


def pipeline(config, data, rounds):
    """Compares training on the pipeline with training on a resident batch.

    Both take turns every second, for a shared machine changes its speed as
    often; what runs is the function that `fit` calls.

    Args:
        config: The `TrainingConfig`.
        data: The training split, `(images, labels)`.
        rounds: How often to time the two, one after the other.

    Returns:
        A dict of images per second, each the median over rounds: `pipeline`
        on its own, `training` on it, `training_resident`; `slower` is the
        median over rounds of training_resident / training - 1, and
        `slower_standard_error` the standard error of such a median.
    """
    keras.utils.set_random_seed(config.seed)
    model = compilation.compiled_model(config, SHORT_STEPS)
    stream = _stream(config, data)
    model.fit(stream, steps_per_epoch=SHORT_STEPS, shuffle=False, verbose=0)
    train = model.train_function
    arms = iter(stream), iter(stream.take(1).cache().repeat())
    rates = [[], []]
    for _ in range(rounds):
        for iterator, measured in zip(arms, rates):
            train(iterator)  # what was prefetched while the other ran
            began = time.perf_counter()
            for _ in range(TIMED):
                float(train(iterator)['loss'])
            seconds = time.perf_counter() - began
            measured.append(TIMED * SHORT_STEPS * config.batch_size / seconds)
    on_pipeline, resident = rates
    slower = [b / a - 1 for a, b in zip(on_pipeline, resident)]
    alone = [_rate(stream, config.batch_size) for _ in range(5)]
    return {
        'pipeline': statistics.median(alone),
        'training': statistics.median(on_pipeline),
        'training_resident': statistics.median(resident),
        'slower': statistics.median(slower),
        'slower_standard_error': _standard_error_of_median(slower),
    }


def fit(config, data, rounds):
    """Measures `fit` and the share of the machine's peak that it makes use of.

    Args:
        config: The `TrainingConfig`.
        data: The training split, `(images, labels)`.
        rounds: How often to time.

    Returns:
        A dict: `images_per_second` of `fit` after tracing, `gemm_flops` (the
        peak, per second, in float32), `flops_per_image`, and `efficiency`, the
        share of the peak; medians over rounds, each of fit and peak in turn.
    """
    keras.utils.set_random_seed(config.seed)
    model = compilation.compiled_model(config, STEPS)
    stream = _stream(config, data)
    _fit_rate(model, stream, config.batch_size)
    flops = training_flops(model)
    rates, peaks = [], []
    for _ in range(rounds):
        peaks.append(gemm_rate())
        rates.append(_fit_rate(model, stream, config.batch_size))
    shares = [flops * rate / peak for rate, peak in zip(rates, peaks)]
    return {
        'images_per_second': statistics.median(rates),
        'gemm_flops': statistics.median(peaks),
        'flops_per_image': flops,
        'efficiency': statistics.median(shares),
    }


def evaluate(config, images, rounds):
    """Measures the exhaustive evaluation of images, each with ten numbers.

    Returns:
        A dict: `seconds`, median over rounds, and `pairs_per_second`.
    """
    model = build_model(config.filters, config.dropout)
    every_number = evaluation.every_number_function(model)
    evaluation.predict(every_number, images)
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        evaluation.predict(every_number, images)
        seconds.append(time.perf_counter() - began)
    median = statistics.median(seconds)
    return {'seconds': median, 'pairs_per_second': 10 * len(images) / median}


def _stream(config, data):
    return dataset.training_batches(
        *data,
        config.batch_size,
        steps=10**9,
        seed=config.seed,
        augment=config.augmentation,
    )


class _Clock(keras.callbacks.Callback):
    """Notes when each execution of some steps ended."""

    def on_train_begin(self, logs=None):
        self.times = []

    def on_train_batch_end(self, batch, logs=None):
        self.times.append((batch + 1, time.perf_counter()))


def _fit_rate(model, batches, batch_size):
    """Returns the images per second of `fit`, its start left out."""
    clock = _Clock()
    model.fit(
        batches,
        steps_per_epoch=STEPS,
        shuffle=False,
        verbose=0,
        callbacks=[clock],
    )
    (first, began), (last, ended) = clock.times[0], clock.times[-1]
    return (last - first) * batch_size / (ended - began)


def _rate(batches, batch_size):
    """Returns the images per second of a dataset on its own."""
    iterator = iter(batches)
    for _ in itertools.islice(iterator, 20):
        pass
    began = time.perf_counter()
    for _ in itertools.islice(iterator, STEPS):
        pass
    return STEPS * batch_size / (time.perf_counter() - began)


def _standard_error_of_median(values):
    """Returns it by the quartiles, which outliers leave alone."""
    lower, _, upper = statistics.quantiles(values, n=4)
    return 1.2533 * (upper - lower) / 1.349 / len(values) ** 0.5
