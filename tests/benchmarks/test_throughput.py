"""The arithmetic of the benchmarks, on small data; no time is asserted."""

import pytest

from benchmarks import throughput
from kerasadder.config import TrainingConfig
from tests.support.small_runs import SMALL


@pytest.fixture
def few_steps(monkeypatch):
    monkeypatch.setattr(throughput, 'STEPS', 4)
    monkeypatch.setattr(throughput, 'SHORT_STEPS', 2)


@pytest.mark.slow
def test_efficiency_is_rate_times_flops_by_peak(stripes_data, few_steps):
    config = TrainingConfig(
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


@pytest.mark.slow
def test_pipeline_and_resident_batch_are_compared(stripes_data, few_steps):
    config = TrainingConfig(**SMALL)
    figures = throughput.pipeline(config, stripes_data['train'], rounds=2)
    assert figures['pipeline'] > 0
    assert figures['slower'] > -1
    assert figures['slower_standard_error'] >= 0


@pytest.mark.slow
def test_renderings_are_compared_with_warps_alone(
    stripes_data, few_steps, monkeypatch
):
    shares = []
    stream = throughput._stream
    monkeypatch.setattr(
        throughput,
        '_stream',
        lambda config, data: (
            shares.append(config.rendered_share) or stream(config, data)
        ),
    )
    config = TrainingConfig(
        **{**SMALL, 'augmentation': True}, rendered_share=0.5
    )
    figures = throughput.renderings(config, stripes_data['train'], rounds=2)
    assert shares == [0.5, 0.0]
    assert figures['slower'] > -1
    assert min(figures['training'], figures['training_without']) > 0
