import pytest

from benchmarks import optdigits
from benchmarks import tuning
from tests.support.small_runs import SMALL
from tests.support.stripes import stripes


@pytest.mark.slow
def test_hand_is_learned_and_what_is_not_trained_on_forgotten(run, monkeypatch):
    images, labels = stripes(200, seed=5)
    pictures = optdigits.encode(images), 9 - labels
    monkeypatch.setattr(optdigits, 'load', lambda: pictures)
    measured = tuning.measure(
        str(run[1] / 'run' / 'model.keras'),
        mnist=(images, labels),
        seed=0,
        num_pictures=150,
        **{**SMALL, 'epochs': 8, 'batch_size': 20},
        augmentation=False,
        mnist_images=0,
    )
    before, after = measured['load_digits'].values()
    assert before < 10
    assert after > 90
    assert measured['mnist']['before'] > 90
    assert measured['mnist']['after'] < 10
    assert measured['fit']['seconds'] > 0
