"""Changes the learning rate from step to step."""

import keras
import tensorflow as tf

# The one cycle: up to the peak learning rate, then down by half a cosine.
WARMUP = 0.2  # of all steps
FIRST_LEARNING_RATE = 1 / 25  # of the peak
AVERAGED_LEARNING_RATE = 1 / 4  # of the peak, while weights are averaged


class CycleThenConstant(keras.optimizers.schedules.LearningRateSchedule):
    """Does one cycle, then stays constant, and ends at 0.

    Args:
        learning_rate: Peak of the cycle.
        begin: Step at which the constant rate begins.
        end: Step at which it ends.
    """

    def __init__(self, learning_rate, begin, end):
        self.cycle = one_cycle(learning_rate, begin)
        self.constant = AVERAGED_LEARNING_RATE * learning_rate
        self.begin = begin
        self.end = end

    def __call__(self, step):
        constant = tf.where(step < self.end, self.constant, 0.0)
        return tf.where(step < self.begin, self.cycle(step), constant)


def one_cycle(
    learning_rate: float, steps: int
) -> keras.optimizers.schedules.LearningRateSchedule:
    """Returns the one-cycle schedule of a run from its peak and its steps."""
    warmup_steps = round(WARMUP * steps)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=FIRST_LEARNING_RATE * learning_rate,
        warmup_target=learning_rate,
        warmup_steps=warmup_steps,
        decay_steps=steps - warmup_steps,
    )
