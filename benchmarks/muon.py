"""Muon for convolutions: it learns more from each image than Adam does."""

import keras


class Muon(keras.optimizers.Muon):
    """Keras's Muon, which treats a convolution's kernel as a matrix.

    Muon (Jordan, 2024) moves a matrix of weights by the nearest orthogonal one
    to its momentum. Keras's leaves kernels of four axes to Adam; here they, and
    they alone, are its matrices, `(height * width * channels, filters)`, as in
    Jordan's airbench. Everything else goes by Adam.
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
