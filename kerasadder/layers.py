"""Two layers that Keras lacks: one learns to add, one normalises fast."""

import keras
import tensorflow as tf
from keras import ops

from kerasadder import backend

backend.require_tensorflow()


@keras.saving.register_keras_serializable('kerasadder')
class AdditionTable(keras.layers.Layer):
    """Learns to add: turns digit logits and a number into sum logits.

    The layer holds trainable logits `A[digit, number, sum]`, zero at the start,
    so that at first every sum is equally likely. Its output is the logarithm of
    the mixture

        P(sum | image, number) = sum over d of
            P(d | image) * softmax over s of (scale * A[d, number, s]),

    computed in log space. Nothing tells the layer that the table is addition:
    after training, `argmax(A, axis=-1)` is `digit + number`.

    Example:
    >>> table = kerasadder.AdditionTable(num_sums=19)
    >>> digit_logits, number = np.zeros((2, 10)), np.eye(10)[[3, 7]]
    >>> table([digit_logits, number]).shape
    TensorShape([2, 19])

    Args:
        num_sums: Number of sum classes, e.g. 19 for 0..18.
        scale: Factor on the logits `A`. It makes their steps larger than those
            of other weights. An optimizer like Adam moves every weight by about
            the learning rate, which is too little for a table of logits.
        **kwargs: Passed to `keras.layers.Layer`.

    Call arguments:
        inputs: A list `[digit_logits, number]` of float tensors, of shapes
            `(batch, num_digits)` and `(batch, num_numbers)`; `number` one-hot.

    Returns:
        Float tensor `(batch, num_sums)`: log P(sum), so that a softmax over it
        gives P(sum).

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
        """Returns log P(sum | digit, number), `(digits, numbers, sums)`."""
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
    """Normalises a batch in training by one fused op of TensorFlow.

    Keras 3 takes a dozen ops for that, and each is a pass over the images. The
    results are the same, with one exception: the moving variance follows the
    unbiased variance of a batch, as it did in Keras 2. The layer takes images,
    channels last. A frozen layer (`trainable = False`) keeps its statistics and
    uses them.
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
