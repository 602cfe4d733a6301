"""The arithmetic of the benchmarks, on small data; no time is asserted."""

import importlib.util
import json
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest

from benchmarks import machine
from benchmarks import throughput
from benchmarks.muon import Muon
from kerasadder.config import preset_config
from tests.small_runs import SMALL

ROOT = pathlib.Path(__file__).parents[1]


def benchmark(*arguments):
    return subprocess.run(
        [sys.executable, ROOT / 'scripts' / 'benchmark.py', *arguments],
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def few_steps(monkeypatch):
    monkeypatch.setattr(throughput, 'STEPS', 4)
    monkeypatch.setattr(throughput, 'SHORT_STEPS', 2)


def test_flops_are_those_of_the_products():
    image = keras.Input((28, 28, 1))
    x = keras.layers.Conv2D(4, 5, strides=2)(image)  # 12x12 positions
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Conv2D(6, 3, padding='same')(x)
    x = keras.layers.Dense(10)(keras.layers.Flatten()(x))
    first = 12 * 12 * (5 * 5 * 1) * 4
    second = 12 * 12 * (3 * 3 * 4) * 6
    dense = 12 * 12 * 6 * 10
    # Forward and by the weights; all but the first by their inputs, too. Each
    # product is a multiplication and an addition.
    flops = 2 * (2 * first + 3 * second + 3 * dense)
    assert machine.training_flops(keras.Model(image, x)) == flops


def test_efficiency_is_rate_times_flops_by_peak(stripes_data, few_steps):
    config = preset_config(
        **SMALL, mixed_precision='bfloat16', steps_per_execution=2
    )
    figures = throughput.training(config, stripes_data['train'], rounds=1)
    assert figures['efficiency'] == pytest.approx(
        figures['float32_images_per_second']
        * figures['flops_per_image']
        / figures['gemm_flops']
    )
    assert figures['pipeline_ratio'] == pytest.approx(
        figures['pipeline_images_per_second'] / figures['images_per_second']
    )
    assert min(figures.values()) > 0


def test_pipeline_and_resident_batch_are_compared(stripes_data, few_steps):
    config = preset_config(**SMALL)
    figures = throughput.pipeline(config, stripes_data['train'], rounds=2)
    assert figures['pipeline'] > 0
    assert figures['slower'] > -1
    assert figures['slower_standard_error'] >= 0


def test_muon_moves_kernels_by_orthogonal_matrices():
    model = keras.Sequential(
        [keras.layers.Conv2D(8, 3), keras.layers.Flatten()]
    )
    model.build((None, 5, 5, 2))
    optimizer = Muon(0.5, weight_decay=None, adam_weight_decay=None)
    rng = np.random.default_rng(0)
    kernel, bias = model.trainable_variables
    before = kernel.numpy()
    gradients = rng.normal(size=kernel.shape), rng.normal(size=bias.shape)
    optimizer.apply(
        [keras.ops.cast(g, 'float32') for g in gradients],
        model.trainable_variables,
    )
    moved = (before - kernel.numpy()).reshape(18, 8)
    # Keras scales by 0.2 sqrt(rows); five iterations come within 0.7 to 1.2.
    lengths = np.linalg.svd(moved, compute_uv=False) / (0.5 * 0.2 * 18**0.5)
    assert lengths.min() > 0.6
    assert lengths.max() < 1.3
    # Adam's first step is the learning rate, either way.
    np.testing.assert_allclose(bias, -0.5 * np.sign(gradients[1]), rtol=1e-3)


def test_json_is_one_object(data_dir):
    done = benchmark(
        *('evaluation', '--presets=quick', '--rounds=2', '--json'),
        f'--data_dir={data_dir}',
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result['benchmark'] == 'evaluation'
    assert result['machine']['cores'] == os.cpu_count()
    figures = result['quick']
    assert figures['pairs_per_second'] == pytest.approx(
        100_000 / figures['seconds']
    )


def test_table_has_the_machine_below(data_dir):
    done = benchmark(
        *('serving', '--seconds=0', f'--data_dir={data_dir}'),
        f'--saved_model={ROOT / "saved_models" / "kerasadder" / "1"}',
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line for line in lines[:-1] if not line.startswith(' ')] == [
        'in process',
        "the tests' double, grpc",
        "the tests' double, rest",
    ]
    assert sum('classify_bytes 1 ' in line for line in lines) == 3
    assert lines[-1].startswith('cpu ')


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['fastest'], 'say what to measure: pipeline'),
        (['training', '--presets=fast'], '--preset=fast: must be one of'),
        (['serving', '--saved_model=none'], 'none: no folder'),
        (['soak', '--saved_model=none'], 'none: no folder'),
        (['serving', '--address=here'], "address: host:port, not 'here'"),
        pytest.param(
            ['yardstick'],
            'PyTorch is not installed',
            marks=pytest.mark.skipif(
                importlib.util.find_spec('torch') is not None,
                reason='it is',
            ),
        ),
    ],
)
def test_mistake_is_one_line(arguments, message):
    done = benchmark(*arguments)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith('error: ')
    assert message in line
