"""Tests that a model with folded batch normalisation answers as before."""

import keras
import numpy as np
import pytest

from kerasadder.model import build_model
from kerasadder.serving.folding import folded
from tests.support.serving_inputs import predict_inputs

TRUNKS = ('4c5-4c5p-6c3-2r6-8c3', '4c3p-4c3-6c3p')


def normalizations(model):
    return [
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]


def trained(model):
    """Gives a model random weights, so that every channel differs."""
    rng = np.random.default_rng(1)
    model.set_weights(
        [
            rng.normal(0, 1 / np.sqrt(np.prod(weight.shape[:-1])), weight.shape)
            if weight.ndim > 1
            else rng.uniform(0.5, 1.5, weight.shape)
            for weight in model.get_weights()
        ]
    )
    return model


def assert_same_answers(model, other):
    inputs = predict_inputs()
    for name, expected in model(inputs).items():
        expected = np.asarray(expected)
        # If all answers were alike, the comparison would show nothing.
        assert np.ptp(expected, axis=0).max() > 0.001
        np.testing.assert_allclose(other(inputs)[name], expected, atol=1e-5)


@pytest.mark.parametrize('trunk', TRUNKS)
def test_answers_stay_the_same(trunk):
    model = trained(build_model(trunk, stochastic_depth=0.5))
    assert_same_answers(model, folded(model))


@pytest.mark.parametrize('trunk', TRUNKS)
def test_what_training_alone_needs_is_gone(trunk):
    model = trained(build_model(trunk, stochastic_depth=0.5))
    kept = folded(model)
    kinds = {type(layer) for layer in kept.layers}
    assert not normalizations(kept)
    assert keras.layers.Dropout not in kinds
    assert kinds >= {keras.layers.Conv2D, keras.layers.LayerNormalization}
    assert kept.count_params() < model.count_params()


def test_the_model_itself_stays_as_it_was():
    model = trained(build_model(TRUNKS[0]))
    before = model.get_weights()
    folded(model)
    assert normalizations(model)
    for weight, expected in zip(model.get_weights(), before):
        np.testing.assert_array_equal(weight, expected)


def test_channel_pooled_and_turned_round_keeps_its_normalization():
    """A negative factor turns the maximum of a pooling into a minimum.

    So the factor cannot move from behind the pooling into the convolution.
    """
    model = trained(build_model('4c3p-4c3'))
    behind_pooling, other = normalizations(model)
    behind_pooling.gamma.assign([1, -1, 1, -1])
    other.gamma.assign([1, -1, 1, -1])
    kept = folded(model)
    assert [layer.name for layer in normalizations(kept)] == [
        behind_pooling.name
    ]
    assert_same_answers(model, kept)


def test_convolution_that_another_layer_reads_keeps_its_normalization():
    image = keras.Input((8, 8, 1), name='image')
    x = keras.layers.Conv2D(3, 3, use_bias=False)(image)
    y = keras.layers.BatchNormalization()(x)
    model = trained(keras.Model(image, keras.layers.Add()([x, y])))
    kept = folded(model)
    assert len(normalizations(kept)) == 1
    given = np.random.default_rng(0).normal(size=(5, 8, 8, 1))
    np.testing.assert_array_equal(kept(given), model(given))


def test_convolution_with_a_bias_and_a_bare_normalization():
    image = keras.Input((8, 8, 1), name='image')
    x = keras.layers.Conv2D(3, 3)(image)
    x = keras.layers.BatchNormalization(center=False, scale=False)(x)
    model = trained(keras.Model(image, x))
    kept = folded(model)
    assert not normalizations(kept)
    given = np.random.default_rng(0).normal(size=(5, 8, 8, 1))
    np.testing.assert_allclose(kept(given), model(given), atol=1e-5)
