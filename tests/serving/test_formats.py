"""Tests ONNX and LiteRT files in their own runtimes."""

import numpy as np
import onnxruntime
import pytest
from ai_edge_litert import interpreter as litert

from kerasadder import evaluation
from kerasadder.errors import UserError
from kerasadder.model import build_model
from kerasadder.serving import formats
from tests.support.serving_inputs import predict_inputs

SHAPES = {
    'image': [28, 28, 1],
    'number': [10],
    'digit': [10],
    'sum': [19],
}


def images(count):
    return predict_inputs(count)['image'].astype(np.uint8)


@pytest.fixture(scope='module')
def onnx_file(model, tmp_path_factory):
    path = tmp_path_factory.mktemp('onnx') / 'model.onnx'
    assert formats.export_file(model, path, images(20)) < 1e-4
    return path


@pytest.fixture(scope='module')
def litert_file(model, tmp_path_factory):
    path = tmp_path_factory.mktemp('litert') / 'model.tflite'
    assert formats.export_file(model, path, images(20)) < 1e-4
    return path


@pytest.fixture(scope='module', params=['onnx_file', 'litert_file'])
def path(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize('count', [1, 7, 300])
def test_onnx_runtime_answers_as_the_model(model, onnx_file, count):
    session = onnxruntime.InferenceSession(onnx_file)
    inputs = predict_inputs(count)
    answers = dict(zip(['digit', 'sum'], session.run(['digit', 'sum'], inputs)))
    assert_same(answers, model.predict_on_batch(inputs))


@pytest.mark.parametrize('count', [1, 7, 300])
def test_litert_interpreter_answers_as_the_model(model, litert_file, count):
    runner = litert.Interpreter(str(litert_file)).get_signature_runner()
    inputs = predict_inputs(count)
    assert_same(runner(**inputs), model.predict_on_batch(inputs))


def assert_same(answers, expected):
    assert set(answers) == set(expected)
    for name, probabilities in expected.items():
        assert len(probabilities) < 2 or np.ptp(probabilities, 0).max() > 0.01
        # These random weights amplify rounding more than trained weights do.
        np.testing.assert_allclose(answers[name], probabilities, atol=5e-5)


def test_onnx_has_the_names_and_shapes_of_the_signature(onnx_file):
    session = onnxruntime.InferenceSession(onnx_file)
    tensors = session.get_inputs() + session.get_outputs()
    assert {t.name: t.shape[1:] for t in tensors} == SHAPES
    # A name in place of a size means that the batch may have any size.
    assert all(isinstance(t.shape[0], str) for t in tensors)
    assert {t.type for t in tensors} == {'tensor(float)'}


def test_litert_has_the_names_and_shapes_of_the_signature(litert_file):
    interpreter = litert.Interpreter(str(litert_file))
    runner = interpreter.get_signature_runner('serving_default')
    tensors = runner.get_input_details() | runner.get_output_details()
    shapes = {k: list(v['shape_signature']) for k, v in tensors.items()}
    assert shapes == {name: [-1, *shape] for name, shape in SHAPES.items()}
    assert {t['dtype'] for t in tensors.values()} == {np.float32}


def test_file_answers_with_every_number(model, path):
    every_number = formats.load_every_number(path)
    answers = evaluation.predict(every_number, images(5))
    expected = evaluation.predict(
        evaluation.every_number_function(model), images(5)
    )
    for name, probabilities in expected.items():
        np.testing.assert_allclose(answers[name], probabilities, atol=1e-5)


def test_quantized_weights_take_a_quarter_of_the_space(tmp_path):
    # The model is larger than in the other tests, because the converter does
    # not quantize small arrays.
    model = build_model('32c5-64c5p-64c3')
    sizes = []
    for quantize in (False, True):
        path = tmp_path / 'model.tflite'
        difference = formats.export_file(model, path, images(20), quantize)
        assert difference < (0.1 if quantize else 1e-4)
        sizes.append(path.stat().st_size)
    assert 0.2 < sizes[1] / sizes[0] < 0.4


@pytest.mark.parametrize('name', ['model.onnx', 'model.tflite'])
def test_file_that_differs_is_refused_and_not_written(
    model, name, tmp_path, monkeypatch
):
    (tmp_path / name).write_bytes(b'of an earlier export')
    load = formats.load

    def different(path):
        answer = load(path)

        def turned(**inputs):
            answers = answer(**inputs)
            return answers | {'sum': answers['sum'] + 2e-4}

        return turned

    monkeypatch.setattr(formats, 'load', different)
    with pytest.raises(UserError, match=r'not written, because .*differs'):
        formats.export_file(model, tmp_path / name, images(20))
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == b'of an earlier export'


@pytest.mark.parametrize('suffix', ['.onnx', '.tflite'])
@pytest.mark.parametrize('content', [None, b'', b'text'])
def test_file_of_another_kind_is_refused_in_one_line(tmp_path, suffix, content):
    path = tmp_path / f'model{suffix}'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=f'model{suffix}: ') as error:
        formats.load(path)
    assert '\n' not in str(error.value)
