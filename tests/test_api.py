"""The public API, in fresh processes where what is imported first matters."""

import doctest
import pathlib
import shutil

import keras
import numpy as np
import pytest

import kerasadder
from kerasadder.serving import transports
from tests.support.scripted_servers import SEVEN
from tests.support.scripted_servers import rest_script
from tests.support.scripts import ROOT
from tests.support.scripts import python


@pytest.fixture
def somewhere(load_once, tmp_path, monkeypatch):
    """A folder to run an example in, with a photograph of a 5 in it."""
    shutil.copy(ROOT / 'docs' / 'figures' / 'photo.jpg', tmp_path)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def served(monkeypatch):
    """Answers 5 and 12 where an example asks `localhost:8501`."""
    rest = transports.Rest
    with rest_script([SEVEN], []) as address:
        monkeypatch.setattr(
            transports, 'Rest', lambda _, *arguments: rest(address, *arguments)
        )
        yield


@pytest.mark.parametrize(
    'name',
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name == 'train'))
        for name in kerasadder.__all__
        if name != '__version__'
    ],
)
def test_example_of_each_public_name_runs(name, somewhere, served):
    names = {'kerasadder': kerasadder, 'np': np, 'pathlib': pathlib}
    found = doctest.DocTestFinder(recurse=False).find(
        getattr(kerasadder, name), name, globs=names
    )
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    results = [runner.run(test) for test in found]
    assert sum(result.attempted for result in results) > 0
    assert sum(result.failed for result in results) == 0


def test_importing_imports_neither_tensorflow_nor_keras():
    done = python(
        'import sys, kerasadder\n'
        'kerasadder.TrainingConfig, kerasadder.Client\n'
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    'imports',
    [
        'keras, kerasadder',
        pytest.param('kerasadder, keras', marks=pytest.mark.slow),
    ],
)
def test_keras_loads_and_clones_without_custom_objects(imports, tmp_path):
    kerasadder.build_model('4c5p-8c5').save(tmp_path / 'model.keras')
    done = python(
        f'import {imports}\n'
        'import keras\n'
        f'model = keras.models.load_model({str(tmp_path / "model.keras")!r})\n'
        'clone = keras.models.clone_model(model)\n'
        'clone.set_weights(model.get_weights())\n'
        "print(type(clone.get_layer('addition_table')).__name__)"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == 'AdditionTable\n'


def test_all_is_offered_and_nothing_else():
    assert set(kerasadder.__all__) <= set(dir(kerasadder))
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        kerasadder.no_such_name  # noqa: B018


def test_evaluate_takes_a_keras_model(stripes_data):
    images, labels = stripes_data['test']
    model = kerasadder.build_model('4c5p-8c5')
    scores = kerasadder.evaluate(model, images, labels)
    outputs = model.predict(
        {
            'image': np.repeat(images, 10, axis=0).astype('float32'),
            'number': np.tile(np.eye(10, dtype='float32'), (len(images), 1)),
        },
        verbose=0,
    )
    sums = np.add.outer(labels, np.arange(10)).ravel()
    right = outputs['sum'].argmax(axis=-1) == sums
    assert scores['sum_accuracy'] == pytest.approx(right.mean())


@pytest.mark.slow
def test_shipped_model_is_loaded_by_default_wherever_one_is(somewhere):
    classify = kerasadder.load_classifier()
    answer = classify([pathlib.Path('photo.jpg').read_bytes()], [7])
    assert answer['sum_label'] == answer['digit_label'] + 7


def test_model_is_a_keras_model_to_fit_on_arrays(stripes_data):
    images, labels = stripes_data['train']
    number = np.arange(len(labels)) % 10
    model = kerasadder.build_model('4c5p-8c5p-8c3')
    model.compile('adam', 'sparse_categorical_crossentropy')
    history = model.fit(
        {'image': images, 'number': np.eye(10, dtype='float32')[number]},
        {'digit': labels, 'sum': labels + number},
        verbose=0,
    )
    assert isinstance(model, keras.Model)
    assert np.isfinite(history.history['loss'][0])
