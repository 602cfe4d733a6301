"""A copy of a model that answers the same with less work."""

import collections
from collections.abc import Iterator

import keras
import numpy as np
from keras import layers


def folded(model: keras.Model) -> keras.Model:
    """Copies a model for inference, without batch normalisation and dropout.

    A trained batch normalisation multiplies each channel by one number and adds
    another. Here the kernel and the bias of the convolution before it do both
    (Jacob et al., 2018, https://arxiv.org/abs/1712.05877).

    Args:
        model: A functional model, as of `build_model`.

    Returns:
        A `keras.Model` of the same inputs and outputs, not compiled, with
        weights of its own. Its answers differ by rounding alone. It keeps a
        batch normalisation that no convolution can do the work of.
    """
    normalized = dict(_normalized_convolutions(model))
    left_out = {normalization.name for normalization in normalized.values()}
    left_out |= {
        layer.name
        for layer in model.layers
        if isinstance(layer, layers.Dropout)
    }

    def copy(layer):
        config = layer.get_config()
        if layer.name in normalized:
            config['use_bias'] = True
        return type(layer).from_config(config)

    def call(layer, *inputs, **options):
        if layer.name in left_out:
            return inputs[0]
        return layer(*inputs, **options)

    inference = keras.models.clone_model(
        model, clone_function=copy, call_function=call
    )
    for layer in inference.layers:
        weights = model.get_layer(layer.name).get_weights()
        if layer.name in normalized:
            weights = _fold(weights, normalized[layer.name])
        layer.set_weights(weights)
    return inference


def _normalized_convolutions(
    model: keras.Model,
) -> Iterator[tuple[str, layers.BatchNormalization]]:
    """Yields the name of a convolution and the normalisation it can do."""
    makers = {id(layer.output): layer for layer in model.layers}
    uses = collections.Counter(map(id, keras.tree.flatten(model.output)))
    for layer in model.layers:
        uses.update(map(id, keras.tree.flatten(layer.input)))
    for layer in model.layers:
        if not isinstance(layer, layers.BatchNormalization):
            continue
        before = makers[id(layer.input)]
        alone = uses[id(before.output)] == 1
        if isinstance(before, layers.MaxPooling2D):
            # The largest stays the largest when multiplied by no less than 0.
            alone &= not layer.scale or bool(np.all(_numpy(layer.gamma) >= 0))
            before = makers[id(before.input)]
            alone &= uses[id(before.output)] == 1
        if (
            alone
            and isinstance(before, layers.Conv2D)
            and before.activation is keras.activations.linear
        ):
            yield before.name, layer


def _fold(
    weights: list[np.ndarray], normalization: layers.BatchNormalization
) -> list[np.ndarray]:
    """Returns the kernel and bias that convolve and normalise at once."""
    kernel, bias = [*weights, 0.0][:2]
    scale = 1 / np.sqrt(
        _numpy(normalization.moving_variance) + normalization.epsilon
    )
    if normalization.scale:
        scale *= _numpy(normalization.gamma)
    bias = (bias - _numpy(normalization.moving_mean)) * scale
    if normalization.center:
        bias += _numpy(normalization.beta)
    return [kernel * scale, bias]


def _numpy(weight: keras.Variable) -> np.ndarray:
    return keras.ops.convert_to_numpy(weight).astype(np.float64)
