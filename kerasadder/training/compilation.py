"""Compiles a model to train: optimizer, losses, metrics."""

import keras
import numpy as np
import tensorflow as tf

from kerasadder.config import TrainingConfig
from kerasadder.errors import UserError
from kerasadder.model import build_model
from kerasadder.serving import model_files
from kerasadder.task import OUTPUTS
from kerasadder.training import schedules
from kerasadder.training.plan import Plan


def config_model(config: TrainingConfig, dtype: str = 'float32') -> keras.Model:
    """Returns the model of a configuration, not compiled."""
    return build_model(
        config.trunk,
        config.stochastic_depth,
        config.dropout,
        dtype,
    )


def compiled_model(plan: Plan) -> keras.Model:
    """Builds and compiles the model of a run.

    Args:
        plan: The plan of the run. The one cycle of the learning rate takes all
            of its steps.

    Returns:
        A compiled `keras.Model` of `build_model`.

    Raises:
        UserError: If there is no model to start from, or it is of another
            trunk.
    """
    config = plan.config
    model = config_model(config, plan.precision)
    if config.init:
        _start_from_init(model, config)
    weights = loss_weights(config)
    model.compile(
        _optimizer(config, plan.steps_per_epoch),
        loss={
            output: keras.losses.SparseCategoricalCrossentropy()
            for output in weights
        },
        loss_weights=weights,
        metrics={output: ['accuracy'] for output in weights},
        steps_per_execution=plan.steps_per_execution,
        # XLA makes training on the CPU slower.
        jit_compile='auto' if tf.config.list_physical_devices('GPU') else False,
    )
    return model


def initial_weights(config: TrainingConfig) -> list[np.ndarray]:
    """Returns the weights of the model that `config.init` names.

    Raises:
        UserError: If there is no such model, or it is of another trunk.
    """
    weights = model_files.load_model(config.init).get_weights()
    shapes = [weight.shape for weight in weights]
    if shapes != [weight.shape for weight in config_model(config).weights]:
        raise UserError(
            f'init={config.init}: is not a model of trunk={config.trunk}; say '
            'the `trunk` that it was trained with.'
        )
    return weights


def _start_from_init(model, config):
    """Gives a model the weights of another, and freezes what is to stay."""
    model.set_weights(initial_weights(config))
    # It can add. Adam would move the entries that no picture is about.
    model.get_layer('addition_table').trainable = False
    if config.freeze_trunk:
        for layer in model.layers:
            layer.trainable = layer.name == 'digit_logits'


def _optimizer(config, steps_per_epoch):
    arguments = {
        'learning_rate': _schedule(config, steps_per_epoch),
        # With None there is no decay step at all.
        'weight_decay': config.weight_decay or None,
    }
    if config.optimizer == 'sgd':
        optimizer = keras.optimizers.SGD(
            momentum=0.9, nesterov=True, **arguments
        )
    else:
        optimizer = keras.optimizers.Adam(**arguments)
    if config.weight_decay:
        # Sums are certain, which takes large logits.
        optimizer.exclude_from_weight_decay(var_names=['table_logits'])
    return optimizer


def _schedule(config, steps_per_epoch):
    if not config.averaged_epochs:
        return schedules.one_cycle(
            config.learning_rate, config.epochs * steps_per_epoch
        )
    end = (config.epochs - 1) * steps_per_epoch
    begin = end - config.averaged_epochs * steps_per_epoch
    return schedules.CycleThenConstant(config.learning_rate, begin, end)


def loss_weights(config: TrainingConfig) -> dict[str, float]:
    """Returns the weight of each output's loss."""
    return {name: getattr(config, f'{name}_loss_weight') for name in OUTPUTS}
