"""Defines two Keras layers: a learned addition table, a fused batch norm."""

import keras
import tensorflow as tf
from keras import ops

from kerasadder import backend

backend.require_tensorflow()


@keras.saving.register_keras_serializable('kerasadder')
class AdditionTable(keras.layers.Layer):
    """Learns addition: turns digit logits and a number into sum logits.

    The layer has trainable logits `A[digit, number, sum]`. They start at zero,
    so every sum is equally probable at first. The output of the layer is the
    logarithm of the mixture

        P(sum | image, number) = sum over d of
            P(d | image) * softmax over s of (scale * A[d, number, s]).

    The layer computes it in log space. It is not given the rule of addition:
    after training, `argmax(A, axis=-1)` is `digit + number`.

    Example:
    >>> table = kerasadder.AdditionTable(num_sums=19)
    >>> digit_logits, number = np.zeros((2, 10)), np.eye(10)[[3, 7]]
    >>> table([digit_logits, number]).shape
    TensorShape([2, 19])

    Args:
        num_sums: Number of sum classes, for example 19 for the sums 0..18.
        scale: Factor on the logits `A`. An optimizer like Adam moves every
            weight by about the learning rate, which is too little for a table
            of logits. The factor makes these steps larger.
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: A list `[digit_logits, number]` of float tensors. Their shapes
            are `(batch, num_digits)` and `(batch, num_numbers)`. `number` is
            one-hot.

    Returns:
        Float tensor `(batch, num_sums)` of log P(sum). Its softmax is P(sum).

    Raises:
        ValueError: If `num_sums` is not a positive integer or `scale` is not
            a positive number, or if the inputs are not two matrices.
    """

    def __init__(self, num_sums: int, scale: float = 10.0, **kwargs):
        super().__init__(**kwargs)
        if num_sums != int(num_sums) or num_sums < 1:
            raise ValueError(
                f'num_sums must be a positive integer, got {num_sums}.'
            )
        if not scale > 0:
            raise ValueError(f'scale must be positive, got {scale}.')
        self.num_sums = int(num_sums)
        self.scale = float(scale)

    def build(self, input_shape):
        if len(input_shape) != 2 or any(len(s) != 2 for s in input_shape):
            raise ValueError(
                'AdditionTable takes [digit_logits, number], two matrices; '
                f'got inputs of shape {input_shape}.'
            )
        (_, num_digits), (_, num_numbers) = input_shape
        self.table_logits = self.add_weight(
            name='table_logits',
            shape=(num_digits, num_numbers, self.num_sums),
            initializer='zeros',
        )

    def log_table(self):
        """Returns log P(sum | digit, number).

        Returns:
            Float tensor `(num_digits, num_numbers, num_sums)`.
        """
        return ops.log_softmax(self.scale * self.table_logits, axis=-1)

    def call(self, inputs):
        digit_logits, number = inputs
        rows = ops.einsum('bn,dns->bds', number, self.log_table())
        log_digit = ops.log_softmax(digit_logits, axis=-1)
        return ops.logsumexp(log_digit[:, :, None] + rows, axis=1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], self.num_sums)

    def get_config(self):
        return {
            **super().get_config(),
            'num_sums': self.num_sums,
            'scale': self.scale,
        }


@keras.saving.register_keras_serializable('kerasadder')
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Normalises a training batch with one fused TensorFlow op.

    Keras 3 uses a dozen ops, and each of them is a pass over the batch. The
    results of this layer are the same, with one exception: its moving variance
    follows the unbiased variance of a batch, as in Keras 2. If the layer is
    frozen (`trainable = False`), it normalises with its moving statistics and
    does not update them.

    Call arguments:
        inputs: Float tensor `(batch, height, width, channels)`.
        training: Whether to use, and to follow, the statistics of the batch.
        mask: Passed to Keras's layer outside training; ignored in training.

    Returns:
        Tensor of the shape of `inputs`.
    """

    def call(self, inputs, training=None, mask=None):
        if not (training and self.trainable):
            return super().call(inputs, training, mask)
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs,
            tf.convert_to_tensor(self.gamma),
            tf.convert_to_tensor(self.beta),
            epsilon=self.epsilon,
            is_training=True,
        )
        for moving, batch in (
            (self.moving_mean, mean),
            (self.moving_variance, variance),
        ):
            moving.assign(
                self.momentum * moving + (1.0 - self.momentum) * batch
            )
        return outputs
