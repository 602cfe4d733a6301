"""Applies the optimizer Muon to convolutions.

With Muon the recipe `fast` needs fewer images than with Adam.
"""

import keras


class Muon(keras.optimizers.Muon):
    """Extends Keras's Muon, which does not treat kernels of convolutions.

    Muon (Jordan, 2024) updates a matrix of weights by the orthogonal matrix
    that is nearest to its momentum. Keras's Muon leaves kernels with four axes
    to Adam. This class treats only them as matrices, of the shape
    `(height * width * channels, filters)`, as Jordan's airbench does. Adam
    updates all other weights.
    """

    def _should_use_adamw(self, variable):
        return len(variable.shape) != 4

    def _muon_update_step(self, gradient, variable, lr, m):
        m.assign(self.momentum * m + gradient)
        matrix = keras.ops.reshape(
            gradient + self.momentum * m, (-1, variable.shape[-1])
        )
        update = self.zeropower_via_newtonschulz5(matrix, self.ns_steps)
        update = self.lr_adjust(lr * update)
        variable.assign_sub(keras.ops.reshape(update, variable.shape))
