import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasadder import evaluation
from kerasadder.errors import UserError
from kerasadder.model import build_model
from kerasadder.model import with_every_number
from kerasadder.serving import export
from kerasadder.serving import model_files
from tests.support.models import inputs
from tests.support.models import randomized


@pytest.fixture(scope='module')
def model():
    return randomized(build_model('2c5-3c5p-4c5-5c3'))


@pytest.fixture(scope='module')
def version(model, tmp_path_factory):
    """An export of the model, which was compiled to train it."""
    compiled = keras.models.clone_model(model)
    compiled.set_weights(model.get_weights())
    compiled.compile('adam', 'sparse_categorical_crossentropy')
    compiled.optimizer.build(compiled.trainable_variables)
    return export.export_saved_model(
        compiled, tmp_path_factory.mktemp('export')
    )


def test_loads_a_keras_file(model, tmp_path):
    model.save(tmp_path / 'model.keras')
    again = model_files.load_model(tmp_path / 'model.keras')
    for name, output in model(inputs()).items():
        np.testing.assert_array_equal(again(inputs())[name], output)


def test_loads_what_an_export_was_made_of(model, version, monkeypatch):
    monkeypatch.setattr(model_files, 'SHIPPED', version)
    for path in (version, 'shipped'):
        again = model_files.load_model(path)
        for one, other in zip(
            again.get_weights(), model.get_weights(), strict=True
        ):
            np.testing.assert_array_equal(one, other)
    # A saved optimizer would triple the size of the file.
    written = version / model_files.KERAS_FILE
    assert not keras.models.load_model(written).compiled


def test_export_without_a_keras_file_is_told(version, tmp_path):
    copy = shutil.copytree(version, tmp_path / '1')
    (copy / model_files.KERAS_FILE).unlink()
    with pytest.raises(UserError, match=r'model\.keras: no such file'):
        model_files.load_model(copy)


def test_saved_model_predicts_as_the_model_does(model, version):
    predict = model_files.load_saved_model(version)
    images = inputs(1030)['image']  # more than a signature takes in one call
    expected = evaluation.predict(with_every_number(model), images)
    for name, output in evaluation.predict(predict, images).items():
        np.testing.assert_allclose(output, expected[name], rtol=1e-5, atol=1e-7)


def test_saved_model_without_every_number_does_too(model, tmp_path):
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(
        'serving_default',
        lambda image, number: model({'image': image, 'number': number}),
        [
            tf.TensorSpec((None, 28, 28, 1), name='image'),
            tf.TensorSpec((None, 10), name='number'),
        ],
    )
    archive.write_out(str(tmp_path / 'bare'), verbose=False)
    predict = model_files.load_saved_model(tmp_path / 'bare')
    images = inputs()['image']
    expected = evaluation.predict(with_every_number(model), images)
    for name, output in evaluation.predict(predict, images).items():
        np.testing.assert_allclose(output, expected[name], rtol=1e-5, atol=1e-7)


def other_model():
    image = keras.Input((28, 28, 1), name='image')
    flat = keras.layers.Flatten()(image)
    return keras.Model(image, keras.layers.Dense(10)(flat))


def no_table():
    model = build_model('2c5-3c5p-4c5-5c3')
    digit = keras.layers.Softmax(name='digit')(
        model.get_layer('digit_logits').output
    )
    both = keras.layers.Concatenate()([digit, model.input['number']])
    total = keras.layers.Dense(19, name='sum')(both)
    return keras.Model(model.input, {'digit': digit, 'sum': total})


@pytest.mark.parametrize(
    'make, reason',
    [(other_model, 'inputs'), (no_table, 'addition table')],
)
def test_other_keras_model_is_refused(tmp_path, make, reason):
    make().save(tmp_path / 'other.keras')
    with pytest.raises(UserError, match=reason):
        model_files.load_model(tmp_path / 'other.keras')


def test_code_in_a_keras_file_is_refused(tmp_path):
    image = keras.Input((28, 28, 1))
    code = keras.layers.Lambda(lambda x: x + 1)(image)
    keras.Model(image, code).save(tmp_path / 'code.keras')
    with pytest.raises(UserError, match='not a Keras model file'):
        model_files.load_model(tmp_path / 'code.keras')


@pytest.mark.parametrize('content', [b'', b'text', b'PK\x03\x04'])
def test_file_of_another_kind_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / 'model.keras'
    path.write_bytes(content)
    with pytest.raises(UserError) as error:
        model_files.load_model(path)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('content', [b'', b'text'])
def test_folder_of_another_kind_is_refused_in_one_line(tmp_path, content):
    (tmp_path / 'saved_model.pb').write_bytes(content)
    with pytest.raises(UserError) as error:
        model_files.load_saved_model(tmp_path)
    assert '\n' not in str(error.value)


def test_missing_files_are_refused(tmp_path):
    with pytest.raises(UserError, match='no such file'):
        model_files.load_model(tmp_path / 'none.keras')
    with pytest.raises(UserError, match=r'saved_model\.pb'):
        model_files.load_saved_model(tmp_path)
