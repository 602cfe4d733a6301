import concurrent.futures
import signal
import subprocess
import sys
import threading
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import interpreter as litert

from kerasadder.model import build_model
from kerasadder.model import with_every_number
from kerasadder.serving import export
from tests.support.models import inputs
from tests.support.models import randomized
from tests.support.scripts import ROOT
from tests.support.small_runs import versions


def test_signatures_have_their_names_and_shapes(loaded):
    assert set(loaded.signatures) == {
        'serve',
        'serving_default',
        'classify_bytes',
        'every_number',
    }
    serve = loaded.signatures['serving_default']
    assert serve.structured_input_signature[1] == {
        'image': tf.TensorSpec((None, 28, 28, 1), tf.float32, name='image'),
        'number': tf.TensorSpec((None, 10), tf.float32, name='number'),
    }
    outputs = {
        k: (v.shape, v.dtype) for k, v in serve.structured_outputs.items()
    }
    assert outputs == {
        'digit': ((None, 10), tf.float32),
        'sum': ((None, 19), tf.float32),
    }

    classify = loaded.signatures['classify_bytes']
    assert classify.structured_input_signature[1] == {
        'image': tf.TensorSpec((None,), tf.string, name='image'),
        'number': tf.TensorSpec((None,), tf.int32, name='number'),
    }
    outputs = {
        k: (v.shape.rank, v.dtype)
        for k, v in classify.structured_outputs.items()
    }
    assert outputs == {
        'digit': (2, tf.float32),
        'sum': (2, tf.float32),
        'digit_label': (1, tf.int32),
        'sum_label': (1, tf.int32),
    }


def test_answers_as_the_model_does(model, loaded):
    for name, expected in model(inputs()).items():
        given = {k: tf.constant(v) for k, v in inputs().items()}
        output = loaded.signatures['serving_default'](**given)[name]
        np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-7)
    image = tf.constant(inputs()['image'])
    for name, expected in with_every_number(model)(image).items():
        output = loaded.signatures['every_number'](image=image)[name]
        np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-7)


def test_keras_layer_takes_the_dict(model, exported):
    layer = keras.layers.TFSMLayer(exported, call_endpoint='serve')
    outputs = layer(inputs())
    assert outputs.keys() == {'digit', 'sum'}
    for name, expected in model(inputs()).items():
        np.testing.assert_allclose(
            outputs[name], expected, rtol=1e-5, atol=1e-7
        )


@pytest.mark.slow
def test_litert_converter_finds_the_shapes_known(exported, loaded):
    converter = tf.lite.TFLiteConverter.from_saved_model(
        str(exported), signature_keys=['serving_default']
    )
    interpreter = litert.Interpreter(model_content=converter.convert())
    answers = interpreter.get_signature_runner('serving_default')(**inputs())
    expected = loaded.signatures['serving_default'](**inputs())
    assert answers.keys() == expected.keys()
    for name, probabilities in expected.items():
        np.testing.assert_allclose(answers[name], probabilities, atol=1e-5)


def test_versions_count_up(model, tmp_path, monkeypatch):
    # What is in them takes long, and is another's business.
    monkeypatch.setattr(export, '_write', lambda model, path: None)
    (tmp_path / '7').mkdir()
    (tmp_path / 'notes').mkdir()
    assert export.export_saved_model(model, tmp_path).name == '8'
    assert export.export_saved_model(model, tmp_path).name == '9'
    assert export.next_version(tmp_path) == 10
    assert export.next_version(tmp_path / 'new') == 1


def files(version):
    return sorted(p.name for p in version.rglob('*') if p.is_file())


def test_reader_that_polls_finds_only_whole_versions(model, exported, tmp_path):
    found, done = [], threading.Event()

    def poll():
        while not done.is_set():
            for path in tmp_path.iterdir():
                if path.name.isdecimal():
                    found.append(files(path))
            time.sleep(0.001)

    reader = threading.Thread(target=poll)
    reader.start()
    export.export_saved_model(model, tmp_path)
    time.sleep(0.01)
    done.set()
    reader.join()
    assert found
    assert all(names == files(exported) for names in found)
    assert 'tf_serving_warmup_requests' in files(exported)


def test_killed_export_leaves_no_version(model, tmp_path):
    code = (
        'import os, signal\n'
        'from kerasadder import model\n'
        'from kerasadder.serving import export, signatures\n'
        'from tests.support.models import black_readings\n'
        'signatures.normalize_pictures = black_readings\n'
        'export.os.rename = (\n'
        '    lambda *_: os.kill(os.getpid(), signal.SIGKILL))\n'
        f'export.export_saved_model(model.build_model(), {str(tmp_path)!r})\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], cwd=ROOT, capture_output=True
    )
    assert done.returncode == -signal.SIGKILL
    (left,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert not left.name.isdecimal()
    assert (left / 'saved_model.pb').is_file()
    assert export.next_version(tmp_path) == 1
    export.export_saved_model(model, tmp_path)
    assert versions(tmp_path) == ['1']


def test_exports_at_once_get_a_version_each(model, exported, tmp_path):
    def run(_):
        return export.export_saved_model(model, tmp_path)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        versions = list(pool.map(run, range(2)))
    assert sorted(v.name for v in versions) == ['1', '2']
    assert all(files(v) == files(exported) for v in versions)


def test_export_of_the_model_is_found_and_no_other(model, exported, tmp_path):
    assert export.find_export(model, tmp_path) is None
    folder = exported.parent
    assert export.find_export(model, folder) == exported
    assert export.find_export(randomized(build_model()), folder) is None
    # This model differs from the exported one in other weights than the table,
    # as two runs with --sum_loss_weight=0 do.
    other = keras.models.clone_model(model)
    kernel, *rest = model.get_weights()
    other.set_weights([kernel + 1, *rest])
    assert export.find_export(other, folder) is None
