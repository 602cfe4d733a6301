import keras
import numpy as np

from benchmarks.muon import Muon


def test_muon_moves_kernels_by_orthogonal_matrices():
    model = keras.Sequential(
        [keras.layers.Conv2D(8, 3), keras.layers.Flatten()]
    )
    model.build((None, 5, 5, 2))
    optimizer = Muon(0.5, weight_decay=None, adam_weight_decay=None)
    rng = np.random.default_rng(0)
    kernel, bias = model.trainable_variables
    before = kernel.numpy()
    gradients = rng.normal(size=kernel.shape), rng.normal(size=bias.shape)
    optimizer.apply(
        [keras.ops.cast(g, 'float32') for g in gradients],
        model.trainable_variables,
    )
    moved = (before - kernel.numpy()).reshape(18, 8)
    # Keras scales by 0.2 sqrt(rows); five iterations come within 0.7 to 1.2.
    lengths = np.linalg.svd(moved, compute_uv=False) / (0.5 * 0.2 * 18**0.5)
    assert lengths.min() > 0.6
    assert lengths.max() < 1.3
    # Adam's first step is the learning rate, either way.
    np.testing.assert_allclose(bias, -0.5 * np.sign(gradients[1]), rtol=1e-3)
