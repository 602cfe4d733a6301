import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasadder.layers import AdditionTable
from kerasadder.layers import FusedBatchNormalization


def softmax(x):
    exponentials = np.exp(x - x.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def random_table(digits, numbers, sums):
    layer = AdditionTable(sums)
    layer.build([(None, digits), (None, numbers)])
    rng = np.random.default_rng(0)
    layer.table_logits.assign(rng.normal(size=(digits, numbers, sums)))
    return layer


@pytest.mark.parametrize('digits, numbers, sums', [(10, 10, 19), (3, 5, 7)])
def test_output_is_the_mixture(digits, numbers, sums):
    layer = random_table(digits, numbers, sums)
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(20, digits)).astype('float32')
    number = rng.integers(0, numbers, 20)
    output = layer([logits, np.eye(numbers, dtype='float32')[number]])

    table = softmax(10.0 * layer.table_logits.numpy())
    mixture = np.einsum(
        'bd,bds->bs', softmax(logits), table[:, number].swapaxes(0, 1)
    )
    assert output.shape == (20, sums)
    np.testing.assert_allclose(np.exp(output), mixture, rtol=1e-4, atol=1e-7)


def test_starts_with_every_sum_equally_likely():
    layer = AdditionTable(19)
    output = layer([np.random.rand(4, 10), np.eye(10)[:4]])
    np.testing.assert_allclose(np.exp(output), 1 / 19, rtol=1e-5)


def test_sure_digits_give_no_nan():
    layer = random_table(10, 10, 19)
    logits = np.full((1, 10), -1e30, 'float32')
    logits[0, 3] = 0
    output = layer([logits, np.eye(10, dtype='float32')[:1]])
    np.testing.assert_allclose(output[0], layer.log_table()[3, 0], rtol=1e-5)


def test_log_table_is_a_distribution():
    table = np.exp(random_table(10, 10, 19).log_table())
    assert table.shape == (10, 10, 19)
    np.testing.assert_allclose(table.sum(axis=-1), 1, rtol=1e-5)


def test_config_brings_the_layer_back():
    layer = AdditionTable(7, scale=3.0, name='table')
    again = AdditionTable.from_config(layer.get_config())
    assert (again.num_sums, again.scale, again.name) == (7, 3.0, 'table')


def test_serializes_without_custom_objects():
    layer = AdditionTable(7)
    data = keras.saving.serialize_keras_object(layer)
    assert isinstance(
        keras.saving.deserialize_keras_object(data), AdditionTable
    )


def test_makes_no_mask():
    assert AdditionTable(19).compute_mask([1, 2], None) is None
    assert not AdditionTable(19).supports_masking


def test_bad_arguments_are_refused():
    for num_sums in (0, -1, 1.5):
        with pytest.raises(ValueError, match='num_sums'):
            AdditionTable(num_sums)
    with pytest.raises(ValueError, match='scale'):
        AdditionTable(19, scale=0)


def test_inputs_that_are_no_two_matrices_are_refused():
    with pytest.raises(ValueError, match='two matrices'):
        AdditionTable(19).build([(None, 10)])
    with pytest.raises(ValueError, match='two matrices'):
        AdditionTable(19).build([(None, 10), (None, 2, 10)])


@pytest.mark.parametrize('training', [True, False])
def test_fused_normalisation_is_that_of_keras(training):
    images = np.random.default_rng(0).normal(3, 2, (8, 5, 5, 6))
    fused = FusedBatchNormalization(momentum=0.9)
    stock = keras.layers.BatchNormalization(momentum=0.9)
    outputs, weights = [], []
    for layer in fused, stock:
        layer.build(images.shape)
        layer.gamma.assign(np.linspace(0.5, 2, 6))
        layer.beta.assign(np.linspace(-1, 1, 6))
        outputs.append(layer(images, training=training))
        weights.append(layer.get_weights())
    np.testing.assert_allclose(*outputs, rtol=1e-4, atol=1e-5)
    # The variance that it moves by is the unbiased one: n / (n - 1) of 200.
    np.testing.assert_allclose(*weights, rtol=1 / 199)
    if training:
        variance = 0.9 + 0.1 * images.var(axis=(0, 1, 2), ddof=1)
        np.testing.assert_allclose(weights[0][3], variance, rtol=1e-5)


def test_fused_normalisation_is_one_op():
    layer = FusedBatchNormalization()
    layer.build((None, 5, 5, 6))
    function = tf.function(lambda images: layer(images, training=True))
    graph = function.get_concrete_function(tf.zeros((8, 5, 5, 6))).graph
    assert 'FusedBatchNormV3' in {op.type for op in graph.get_operations()}


def test_frozen_normalisation_keeps_its_statistics_and_uses_them():
    images = np.random.default_rng(0).normal(3, 2, (8, 5, 5, 6))
    layer = FusedBatchNormalization()
    expected = layer(images, training=False)
    before = layer.get_weights()
    layer.trainable = False
    np.testing.assert_allclose(layer(images, training=True), expected)
    for one, other in zip(before, layer.get_weights()):
        np.testing.assert_array_equal(one, other)
