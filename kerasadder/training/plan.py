"""Works out, once, what the configuration of a run leaves open."""

import dataclasses
import pathlib

import tensorflow as tf

from kerasadder.config import TrainingConfig
from kerasadder.errors import UserError
from kerasadder.training import devices

BFLOAT16_FLAGS = {'avx512_bf16', 'amx_bf16'}  # of a CPU


@dataclasses.dataclass(frozen=True)
class Plan:
    """Holds the devices, steps and precision of a run.

    Attributes:
        config: The configuration.
        strategy: The devices.
        steps_per_epoch: Batches in an epoch.
        steps_per_execution: Steps between returns to Python.
        precision: Keras dtype policy to train in.
        folder: The folder of the run, once it is open.
    """

    config: TrainingConfig
    strategy: tf.distribute.Strategy
    steps_per_epoch: int
    steps_per_execution: int
    precision: str
    folder: pathlib.Path | None = None

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return self.config.epochs * self.steps_per_epoch

    @property
    def on_several_machines(self) -> bool:
        return devices.on_several_machines(self.strategy)

    @property
    def is_chief(self) -> bool:
        """Whether this process keeps the results."""
        return devices.is_chief(self.strategy)


def plan_run(
    config: TrainingConfig,
    steps_per_epoch: int,
    strategy: tf.distribute.Strategy | None = None,
) -> Plan:
    """Works out what the configuration leaves open.

    Args:
        config: The configuration.
        steps_per_epoch: Batches in an epoch.
        strategy: The devices; None for the current strategy.

    Raises:
        UserError: If `config.steps_per_execution` does not divide
            `steps_per_epoch`.
    """
    strategy = strategy or tf.distribute.get_strategy()
    return Plan(
        config,
        strategy,
        steps_per_epoch,
        _steps_per_execution(config, steps_per_epoch, strategy),
        _precision(config),
    )


def _steps_per_execution(config, steps_per_epoch, strategy):
    """Returns a divisor of an epoch's steps, so that epochs stay whole."""
    if strategy.num_replicas_in_sync > 1:
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


def _precision(config):
    precision = config.mixed_precision
    if precision == 'auto':
        precision = _fast_type()
    return precision if precision == 'float32' else f'mixed_{precision}'


def _fast_type():
    """Returns the type that is faster and as accurate (docs/recipe.md).

    A GPU gets float32, because there was no GPU to measure on.
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
