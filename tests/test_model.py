import keras
import numpy as np
import pytest

from kerasadder.model import build_model
from kerasadder.model import with_every_number
from tests.support.models import inputs
from tests.support.models import randomized

RESIDUAL = '2c5-3c5p-4c5-5c3-2r5'


@pytest.fixture(scope='module')
def model():
    return randomized(build_model())


def test_names_and_shapes(model):
    shapes = {name: tensor.shape for name, tensor in model.input.items()}
    assert shapes == {'image': (None, 28, 28, 1), 'number': (None, 10)}
    shapes = {name: tensor.shape for name, tensor in model.output.items()}
    assert shapes == {'digit': (None, 10), 'sum': (None, 19)}


def test_each_key_is_a_layer_name(model):
    for name in ('image', 'number', 'digit', 'sum'):
        assert model.get_layer(name).name == name


def test_outputs_are_distributions(model):
    for output in model(inputs()).values():
        np.testing.assert_allclose(np.sum(output, axis=-1), 1, rtol=1e-5)
        assert (output.numpy() >= 0).all()


@pytest.mark.parametrize(
    'dtype', ['float32', 'mixed_bfloat16', 'mixed_float16']
)
def test_outputs_are_float32_under_any_precision(dtype):
    for output in build_model(dtype=dtype)(inputs()).values():
        assert output.dtype == 'float32'


def test_trunk_is_as_the_arguments_say():
    model = build_model('2c5p-3c5-4c3-5c3p')
    trunk = [
        layer.output.shape[1:]
        for layer in model.layers
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.MaxPooling2D))
    ]
    assert trunk == [
        *((24, 24, 2), (12, 12, 2), (8, 8, 3), (6, 6, 4)),
        *((4, 4, 5), (2, 2, 5)),
    ]


def test_residual_blocks_add_to_what_they_are_given():
    model = build_model(RESIDUAL, stochastic_depth=0.5)
    adds = [x for x in model.layers if isinstance(x, keras.layers.Add)]
    assert [add.output.shape[1:] for add in adds] == [(4, 4, 5), (4, 4, 5)]
    for add in adds:
        given, block = add.input
        assert given is not block
        both = keras.Model(model.inputs, [given, block, add.output])
        before, change, after = both(inputs())
        assert np.abs(change).max() > 0
        np.testing.assert_allclose(after, before + change, rtol=1e-6)


def test_stochastic_depth_leaves_whole_blocks_out_in_training_only():
    # Of so few filters, others' weights may leave an image's block all zero.
    keras.utils.set_random_seed(0)
    model = build_model(RESIDUAL, stochastic_depth=0.5)
    rates = [
        x.rate for x in model.layers if isinstance(x, keras.layers.Dropout)
    ]
    assert rates == [0.25, 0.5, 0.3]
    last = [x for x in model.layers if isinstance(x, keras.layers.Add)][-1]
    change = keras.Model(model.inputs, last.input[1])
    given = inputs(200)
    untouched = change(given).numpy()
    assert (untouched != 0).any(axis=(1, 2, 3)).all()
    kept = (change(given, training=True).numpy() != 0).any(axis=(1, 2, 3))
    assert 70 < kept.sum() < 130


def test_parameters_are_counted_right():
    # Kernels, then scale and offset (2 trainable, 2 not) of batch norm.
    kernels = 25 * (1 * 2 + 2 * 3 + 3 * 4) + 9 * 4 * 5
    batch_norms = 4 * (2 + 3 + 4 + 5)
    dense = 4 * 4 * 5 * 10 + 10
    model = build_model('2c5-3c5p-4c5-5c3')
    assert model.count_params() == kernels + batch_norms + dense + 1900


def test_default_has_251926_parameters(model):
    assert model.count_params() == 251926


@pytest.mark.parametrize(
    'a, b', [(0.5, 0.0), (0.5, 100.0), (0.02, 200.0), (1 / 255, 0.0)]
)
def test_brightness_and_contrast_change_no_answer(model, a, b):
    given = inputs()
    changed = {**given, 'image': a * given['image'] + b}
    for name, output in model(given).items():
        np.testing.assert_allclose(model(changed)[name], output, atol=1e-4)


def test_sum_depends_on_number_and_digit_does_not(model):
    given = inputs(1)
    outputs = [
        model({**given, 'number': np.eye(10, dtype='float32')[[number]]})
        for number in (0, 1)
    ]
    np.testing.assert_array_equal(outputs[0]['digit'], outputs[1]['digit'])
    assert (outputs[0]['sum'] != outputs[1]['sum']).numpy().any()


def test_every_number_agrees_with_ten_calls(model):
    given = inputs()
    outputs = with_every_number(model)(given['image'])
    assert outputs['sum'].shape == (7, 10, 19)
    for number in range(10):
        one = model(
            {**given, 'number': np.eye(10, dtype='float32')[[number] * 7]}
        )
        np.testing.assert_allclose(outputs['digit'], one['digit'], rtol=1e-6)
        np.testing.assert_allclose(
            outputs['sum'][:, number], one['sum'], rtol=1e-6
        )


def test_one_process_rebuilds_many_loaded_residual_models(tmp_path):
    # Their layers keep the names that they were given in another process.
    keras.utils.clear_session()
    for _ in range(3):
        model = build_model(RESIDUAL)
    model.save(tmp_path / 'model.keras')
    keras.utils.clear_session()
    for _ in range(3):
        again = keras.models.load_model(tmp_path / 'model.keras')
        assert with_every_number(again).output['sum'].shape == (None, 10, 19)


def test_keras_file_round_trip_is_exact(model, tmp_path):
    model.save(tmp_path / 'model.keras')
    again = keras.models.load_model(tmp_path / 'model.keras')
    for name, output in model(inputs()).items():
        np.testing.assert_array_equal(again(inputs())[name], output)
