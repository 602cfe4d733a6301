import numpy as np
import pytest


def test_plain_network_is_the_one_described():
    pytest.importorskip('torch')
    from benchmarks import baseline

    network = baseline.PlainNetwork()
    assert sum(p.numel() for p in network.parameters()) == 6_384_925
    image, number = baseline.torch.zeros(2, 1, 28, 28), baseline.torch.eye(10)
    digit, total = network(image, number[:2])
    assert digit.shape == (2, 10) and total.shape == (2, 19)
    for log_probabilities in digit, total:
        np.testing.assert_allclose(
            log_probabilities.exp().sum(dim=1).detach(), 1, rtol=1e-5
        )


def test_plain_network_is_extrapolated_from_its_rate(stripes_data):
    pytest.importorskip('torch')
    from benchmarks import baseline

    assert baseline.extrapolated_seconds(100.0, 55_000) == 20 * 550.0
    figures = baseline.compare(
        stripes_data['train'], stripes_data['validation'], seeds=1, steps=1
    )
    assert figures['plain_extrapolated_seconds'] == pytest.approx(
        20 * 2560 / figures['plain_images_per_second']
    )
    assert figures['reached'] == 1
    assert figures['times_faster'] == pytest.approx(
        figures['plain_extrapolated_seconds'] / figures['seconds']
    )
