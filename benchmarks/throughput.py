"""Measures images per second of training, its pipeline and evaluation."""

import dataclasses
import itertools
import statistics
import time

import keras

from benchmarks import machine
from kerasadder import evaluation
from kerasadder.data import batches
from kerasadder.training import compilation
from kerasadder.training.plan import plan_run

SHORT_STEPS = 13  # steps of one execution
TIMED = 2  # executions in a timing
# The steps of a timing. They take a few seconds, in which a shared machine
# hardly changes its speed.
STEPS = 195


def pipeline(config, data, rounds):
    """Compares training on the pipeline with training on a resident batch.

    A resident batch is one batch that stays in memory.

    Args:
        config: The `TrainingConfig`.
        data: The training split, `(images, labels)`.
        rounds: Number of rounds. Each round times both trainings in turn.

    Returns:
        A dict of these entries:

        - `pipeline`: images per second of the pipeline alone, a median.
        - `training` and `training_resident`: images per second of the two
          trainings, medians over the rounds.
        - `slower`: the median over the rounds of
          training_resident / training - 1.
        - `slower_standard_error`: the standard error of that median.
    """
    stream = _stream(config, data)
    resident = stream.take(1).cache().repeat()
    rates = _training_rates(config, (stream, resident), rounds)
    alone = [_rate(stream, config.batch_size) for _ in range(5)]
    return {
        'pipeline': statistics.median(alone),
        'training': statistics.median(rates[0]),
        'training_resident': statistics.median(rates[1]),
        **_slower(*rates),
    }


def renderings(config, data, rounds):
    """Compares training with rendered images to training with warps alone.

    Args:
        config: The `TrainingConfig`. Its `rendered_share` is compared with 0.
        data: The training split, `(images, labels)`.
        rounds: Number of rounds. Each round times both trainings in turn.

    Returns:
        A dict of these entries:

        - `training` and `training_without`: images per second with and without
          renderings, medians over the rounds.
        - `slower`: the median over the rounds of
          training_without / training - 1.
        - `slower_standard_error`: the standard error of that median.
    """
    without = dataclasses.replace(config, rendered_share=0.0)
    streams = _stream(config, data), _stream(without, data)
    rates = _training_rates(config, streams, rounds)
    return {
        'training': statistics.median(rates[0]),
        'training_without': statistics.median(rates[1]),
        **_slower(*rates),
    }


def _training_rates(config, streams, rounds):
    """Measures the images per second of training on each stream.

    The streams take turns about every second, because a shared machine changes
    its speed that often. The function calls `train_function`, as `fit` does.

    Returns:
        A list for each stream, with a rate for each round.
    """
    keras.utils.set_random_seed(config.seed)
    model = compilation.compiled_model(plan_run(config, SHORT_STEPS))
    model.fit(streams[0], steps_per_epoch=SHORT_STEPS, shuffle=False, verbose=0)
    train = model.train_function
    arms = [iter(stream) for stream in streams]
    rates = [[] for _ in arms]
    for _ in range(rounds):
        for iterator, measured in zip(arms, rates):
            train(iterator)  # uses up what was prefetched in the other's turn
            began = time.perf_counter()
            for _ in range(TIMED):
                float(train(iterator)['loss'])
            seconds = time.perf_counter() - began
            measured.append(TIMED * SHORT_STEPS * config.batch_size / seconds)
    return rates


def _slower(rates, other_rates):
    """Computes how much slower the first rates are than the other rates.

    Returns:
        A dict of `slower`, the median over the rounds (0.1 means 10 %), and
        `slower_standard_error`, its standard error.
    """
    slower = [b / a - 1 for a, b in zip(rates, other_rates)]
    return {
        'slower': statistics.median(slower),
        'slower_standard_error': _standard_error_of_median(slower),
    }


def training(config, data, rounds):
    """Measures `fit`, its share of the machine's peak, and the pipeline alone.

    The measurements take turns every few seconds, because a shared machine
    changes its speed that often. The peak and the share of it are of float32,
    whatever type the configuration computes in.

    Args:
        config: The `TrainingConfig`.
        data: The training split, `(images, labels)`.
        rounds: Number of rounds. Each round takes all measurements.

    Returns:
        A dict of medians over the rounds:

        - `images_per_second`: the rate of `fit` after tracing.
        - `pipeline_images_per_second`: the rate of the pipeline alone.
        - `pipeline_ratio`: the second rate divided by the first.
        - `float32_images_per_second`: the rate of `fit` in float32.
        - `gemm_flops`: the machine's peak in FLOP/s.
        - `flops_per_image`: as `machine.training_flops` counts them.
        - `efficiency`: the share of the peak, 0..1, which is
          float32_images_per_second * flops_per_image / gemm_flops.
    """
    stream = _stream(config, data)
    in_float32 = dataclasses.replace(config, mixed_precision='float32')
    models = []
    for variant in (config, in_float32):
        keras.utils.set_random_seed(config.seed)
        models.append(compilation.compiled_model(plan_run(variant, STEPS)))
        _fit_rate(models[-1], stream, config.batch_size)
    flops = machine.training_flops(models[1])
    rows = []
    for _ in range(rounds):
        rate, rate_float32 = (
            _fit_rate(model, stream, config.batch_size) for model in models
        )
        alone, peak = _rate(stream, config.batch_size), machine.gemm_rate()
        rows.append(
            {
                'images_per_second': rate,
                'pipeline_images_per_second': alone,
                'pipeline_ratio': alone / rate,
                'float32_images_per_second': rate_float32,
                'gemm_flops': peak,
                'flops_per_image': flops,
                'efficiency': rate_float32 * flops / peak,
            }
        )
    return {name: statistics.median(r[name] for r in rows) for name in rows[0]}


def evaluate(config, images, rounds):
    """Times the evaluation of every image with each of the ten numbers.

    Args:
        config: The `TrainingConfig`, whose untrained model is evaluated.
        images: uint8 array `(n, 28, 28, 1)`.
        rounds: Number of timed evaluations.

    Returns:
        A dict: `seconds`, the median over the rounds, and `pairs_per_second`.
    """
    model = compilation.config_model(config)
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
    return batches.training_batches(
        *data,
        config.batch_size,
        steps=10**9,
        seed=config.seed,
        augment=config.augmentation,
        rendered_share=config.rendered_share,
        drawn_share=config.drawn_share,
    )


class _Clock(keras.callbacks.Callback):
    """Notes the time at the end of each execution."""

    def on_train_begin(self, logs=None):
        self.times = []

    def on_train_batch_end(self, batch, logs=None):
        self.times.append((batch + 1, time.perf_counter()))


def _fit_rate(model, batches, batch_size):
    """Measures the images per second of `fit` after its first execution."""
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
    """Measures the images per second of a dataset without training."""
    iterator = iter(batches)
    for _ in itertools.islice(iterator, 20):
        pass
    began = time.perf_counter()
    for _ in itertools.islice(iterator, STEPS):
        pass
    return STEPS * batch_size / (time.perf_counter() - began)


def _standard_error_of_median(values):
    """Estimates the standard error of the values' median.

    The estimate uses the quartiles, so that outliers do not count.
    """
    lower, _, upper = statistics.quantiles(values, n=4)
    return 1.2533 * (upper - lower) / 1.349 / len(values) ** 0.5
