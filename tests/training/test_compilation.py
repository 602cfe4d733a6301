import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasadder.config import TrainingConfig
from kerasadder.data.batches import training_batches
from kerasadder.training import compilation
from kerasadder.training.plan import plan_run


def test_each_loss_reaches_its_own_output_with_its_weight():
    config = TrainingConfig(
        batch_size=32, trunk='4c5p', dropout=0.0, mixed_precision='float32'
    )
    model = compilation.compiled_model(plan_run(config, steps_per_epoch=2))
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (32, 28, 28, 1), np.uint8)
    labels = rng.integers(0, 10, 32)
    ((inputs, targets),) = training_batches(images, labels, 32, 1, 0)
    outputs = model(inputs, training=True)
    expected = {
        name: -np.mean(
            np.log(
                np.take_along_axis(
                    outputs[name].numpy(), targets[name].numpy()[:, None], -1
                )
            )
        )
        for name in ('digit', 'sum')
    }
    logs = model.train_on_batch(inputs, targets, return_dict=True)
    assert logs['digit_loss'] == pytest.approx(expected['digit'], rel=1e-4)
    assert logs['sum_loss'] == pytest.approx(expected['sum'], rel=1e-4)
    half = 0.5 * expected['digit'] + 0.5 * expected['sum']
    assert logs['loss'] == pytest.approx(half, rel=1e-4)


@pytest.mark.parametrize(
    'weight, moved', [('digit_loss_weight', False), ('sum_loss_weight', True)]
)
def test_only_the_sum_loss_moves_the_table(weight, moved):
    others = {'digit_loss_weight': 0.0, 'sum_loss_weight': 0.0}
    config = TrainingConfig(
        batch_size=32, trunk='4c5p', **{**others, weight: 1.0}
    )
    model = compilation.compiled_model(plan_run(config, steps_per_epoch=1))
    images = np.zeros((32, 28, 28, 1), np.uint8)
    ((inputs, targets),) = training_batches(
        images, np.arange(32) % 10, 32, 1, 0
    )
    model.train_on_batch(inputs, targets)
    table = model.get_layer('addition_table').table_logits.numpy()
    assert table.any() == moved


@pytest.mark.parametrize('optimizer', ['adam', 'sgd'])
def test_weight_decay_spares_the_table_alone(optimizer):
    config = TrainingConfig(
        optimizer=optimizer, weight_decay=0.5, learning_rate=2.0
    )
    model = compilation.compiled_model(plan_run(config, steps_per_epoch=40))
    variables = model.trainable_variables
    for variable in variables:
        variable.assign(tf.ones_like(variable))
    model.optimizer.apply([tf.zeros_like(v) for v in variables], variables)
    decayed = 1 - 0.5 * 2.0 / 25  # 2.0 / 25 is the first learning rate
    for variable in variables:
        expected = 1 if variable.name == 'table_logits' else decayed
        np.testing.assert_allclose(variable, expected, rtol=1e-6)


def test_sgd_goes_by_nesterov_momentum():
    config = TrainingConfig(optimizer='sgd', learning_rate=2.5)
    optimizer = compilation.compiled_model(plan_run(config, 10_000)).optimizer
    variable = keras.Variable([0.0])
    optimizer.apply([tf.ones(1)], [variable])
    # Nesterov momentum adds 0.9 of a step to the gradient's own step.
    np.testing.assert_allclose(variable, [-0.1 * 1.9], rtol=1e-3)
