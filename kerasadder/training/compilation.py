"""The model compiled to train: optimizer, losses, devices."""

import keras
import tensorflow as tf

from kerasadder.errors import UserError
from kerasadder.model import build_model
from kerasadder.training import schedules

BFLOAT16_FLAGS = {'avx512_bf16', 'amx_bf16'}  # of a CPU


def _precision(config):
    """Returns the Keras dtype policy to train in."""
    precision = config.mixed_precision
    if precision == 'auto':
        precision = _fast_type()
    return precision if precision == 'float32' else f'mixed_{precision}'


def _fast_type():
    """Returns the type measured to be faster and as accurate, docs/recipe.md.

    That is float32 on a GPU: there was none to measure.
    """
    if tf.config.list_physical_devices('GPU'):
        return 'float32'
    return 'bfloat16' if _cpu_flags() & BFLOAT16_FLAGS else 'float32'


def _cpu_flags():
    try:
        with open('/proc/cpuinfo', encoding='utf-8') as file:
            lines = [line for line in file if line.startswith('flags')]
    except OSError:
        return set()  # not Linux
    return set(lines[0].split()) if lines else set()


def steps_per_execution(config, steps_per_epoch):
    """Returns a divisor of the steps of an epoch, so that epochs stay whole."""
    if tf.distribute.get_strategy().num_replicas_in_sync > 1:
        # Keras 3.15 fails on several devices with more (a placeholder not fed).
        divisors = [1]
    else:
        divisors = [n for n in range(1, 65) if steps_per_epoch % n == 0]
    steps = config.steps_per_execution or divisors[-1]
    if steps > 1 and (divisors == [1] or steps_per_epoch % steps):
        raise UserError(
            f'steps_per_execution={steps}: must divide the {steps_per_epoch} '
            'steps of an epoch, and be 1 on several devices; '
            f'{divisors[-1]} would do.'
        )
    return steps


def config_model(config, dtype='float32'):
    """Returns the model of a configuration, not compiled."""
    return build_model(
        config.trunk,
        config.stochastic_depth,
        config.dropout,
        dtype,
    )


def compiled_model(config, steps_per_epoch):
    """Builds and compiles the model of a configuration.

    Args:
        config: The `TrainingConfig`.
        steps_per_epoch: Batches in an epoch; the learning rate's one cycle goes
            over all epochs.

    Returns:
        A compiled `keras.Model` of `build_model`.

    Raises:
        UserError: If `config.steps_per_execution` does not divide
            `steps_per_epoch`.
    """
    precision = _precision(config)
    model = config_model(config, precision)
    optimizer = _optimizer(config, steps_per_epoch)
    weights = loss_weights(config)
    model.compile(
        optimizer,
        loss={
            output: keras.losses.SparseCategoricalCrossentropy()
            for output in weights
        },
        loss_weights=weights,
        metrics={output: ['accuracy'] for output in weights},
        steps_per_execution=steps_per_execution(config, steps_per_epoch),
        # XLA makes training on the CPU slower.
        jit_compile='auto' if tf.config.list_physical_devices('GPU') else False,
    )
    return model


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


def loss_weights(config):
    return {'digit': config.digit_loss_weight, 'sum': config.sum_loss_weight}
