"""The export as a server runs it: parity, threads, what is refused and how.

Each test runs on the C++ runtime or on doubles of TensorFlow Serving, see
`serving_doubles`, and on the real server too where `tensorflow_model_server` is
on the PATH or Docker answers.
"""

import contextlib
import functools
import math
import re
import shutil
import socket
import subprocess
import time
from concurrent import futures

import grpc
import numpy as np
import pytest
import requests
import tensorflow as tf
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from tensorflow_serving.apis import get_model_status_pb2
from tensorflow_serving.apis import model_service_pb2_grpc
from tensorflow_serving.apis import prediction_log_pb2

from kerasadder import export
from kerasadder import transports
from kerasadder.client import Client
from kerasadder.model import build_model
from tests import serving_doubles
from tests.test_scripts import ROOT

COUNT = 7
# Keras, Python, C++ and both servers run the same operations, but fused and
# ordered by whoever runs them.
TOLERANCE = {'rtol': 1e-5, 'atol': 1e-7}
SERVERS = ('grpc double', 'rest double', 'real grpc', 'real rest')
SERVING_IMAGE = 'tensorflow/serving:2.20.0'


@pytest.fixture(scope='module')
def model():
    """A small model whose answers to two images are far from each other."""
    model = build_model(filters=(2, 3, 4, 5))
    rng = np.random.default_rng(1)
    model.set_weights(
        [
            rng.normal(0, 0.5, weight.shape)
            if weight.ndim > 1
            else rng.uniform(0.5, 1.5, weight.shape)
            for weight in model.get_weights()
        ]
    )
    return model


@pytest.fixture(scope='module')
def version(model, tmp_path_factory):
    directory = tmp_path_factory.mktemp('export') / 'kerasadder'
    return export.export_saved_model(model, directory)


@pytest.fixture(scope='module')
def loader(version):
    loader = serving_doubles.Loader(version)
    yield loader
    loader.close()


@pytest.fixture(scope='module')
def models(loader):
    return serving_doubles.Models({1: loader}, {'stable': 1})


@pytest.fixture(scope='module')
def python(version):
    """The SavedModel in Python: a function as `Loader.run`."""
    loaded = tf.saved_model.load(version)

    def run(signature, inputs):
        tensors = {name: tf.constant(array) for name, array in inputs.items()}
        outputs = loaded.signatures[signature](**tensors)
        return {name: tensor.numpy() for name, tensor in outputs.items()}

    return run


@pytest.fixture(scope='module')
def real(version, tmp_path_factory):
    """Yields the ports of the real server, gRPC and REST, if it can be had."""
    ports = {'grpc': free_port(), 'rest': free_port()}
    with real_server(version.parent, tmp_path_factory, ports):
        yield ports


@pytest.fixture(scope='module', params=SERVERS)
def server(request, models):
    """The transport and the address of a server, one after the other."""
    kind = request.param
    if kind.startswith('real'):
        transport = kind.removeprefix('real ')
        port = request.getfixturevalue('real')[transport]
        yield transport, f'localhost:{port}'
    elif kind == 'grpc double':
        with serving_doubles.grpc_double(models) as address:
            yield 'grpc', address
    else:
        with serving_doubles.rest_double(models) as address:
            yield 'rest', address


@pytest.fixture
def client(server):
    transport, address = server
    with Client(address, transport=transport, timeout=60) as client:
        yield client


def free_port():
    with socket.socket() as listener:
        listener.bind(('localhost', 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def real_server(directory, tmp_path_factory, ports):
    """Runs TensorFlow Serving on the versions in the directory, or skips."""
    flags = [
        '--model_config_file={}/models.config',
        '--monitoring_config_file={}/monitoring.config',
        '--allow_version_labels_for_unavailable_models=true',
    ]
    if shutil.which('tensorflow_model_server'):
        configs = tmp_path_factory.mktemp('configs')
        for name in ('models.config', 'monitoring.config'):
            text = (ROOT / 'serving' / name).read_text()
            text = text.replace('/models/kerasadder', str(directory))
            (configs / name).write_text(text)
        command = [
            'tensorflow_model_server',
            f'--port={ports["grpc"]}',
            f'--rest_api_port={ports["rest"]}',
        ]
    elif _docker_answers():
        configs = '/configs'
        command = ['docker', 'run', '--rm', '--init']
        for port, own in ((ports['grpc'], 8500), (ports['rest'], 8501)):
            command += ['-p', f'127.0.0.1:{port}:{own}']
        command += ['-v', f'{directory}:/models/kerasadder:ro']
        command += ['-v', f'{ROOT}/serving:{configs}:ro', SERVING_IMAGE]
    else:
        pytest.skip('no tensorflow_model_server on the PATH, no Docker engine')
    command += [flag.format(configs) for flag in flags]
    process = subprocess.Popen(command)
    try:
        _wait_until_available(process, ports['rest'])
        yield
    finally:
        process.terminate()  # which `docker run` hands on to its container
        process.wait(60)


def _docker_answers():
    return (
        shutil.which('docker')
        and subprocess.run(
            ['docker', 'info'], capture_output=True, check=False
        ).returncode
        == 0
    )


def _wait_until_available(process, port, seconds=300):
    """Waits for the model; the first time Docker has to fetch the image."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, 'the server ended'
        with contextlib.suppress(requests.ConnectionError):
            url = f'http://localhost:{port}/v1/models/kerasadder'
            if 'AVAILABLE' in requests.get(url, timeout=10).text:
                return
        time.sleep(0.2)
    raise TimeoutError(f'no model after {seconds} s')


def predict_inputs(count=COUNT):
    rng = np.random.default_rng(0)
    brightest = rng.uniform(50, 255, (count, 1, 1, 1))
    image = rng.uniform(0, brightest, (count, 28, 28, 1))
    return {
        'image': image.astype(np.float32),
        'number': np.eye(10, dtype=np.float32)[rng.integers(0, 10, count)],
    }


def pictures(count=COUNT):
    """Makes PNG, JPEG, BMP and GIF pictures in turn, of different sizes."""
    rng = np.random.default_rng(0)
    made = []
    for i in range(count):
        paper = np.full((40 + 9 * i, 60, 3), 230, np.uint8)
        paper[8 : 30 + i, 20:26] = rng.integers(0, 60, 3)  # a stroke
        paper[8:14, 20 : 30 + i] = rng.integers(0, 60, 3)
        made.append((_png, _jpeg, _bmp, _gif)[i % 4](paper))
    return made


def _png(pixels):
    return tf.io.encode_png(pixels).numpy()


def _jpeg(pixels):
    return tf.io.encode_jpeg(pixels, quality=95).numpy()


def _bmp(pixels):
    height, width, _ = pixels.shape
    header = b'BM' + (54 + pixels.size).to_bytes(4, 'little') + bytes(4)
    header += (54).to_bytes(4, 'little') + (40).to_bytes(4, 'little')
    header += width.to_bytes(4, 'little') + height.to_bytes(4, 'little')
    header += b'\x01\0\x18\0' + bytes(24)  # one plane, 24 bits, raw
    rows = np.pad(
        pixels[::-1, :, ::-1].reshape(height, -1), ((0, 0), (0, -3 * width % 4))
    )
    return header + rows.tobytes()


def _gif(pixels):
    """Writes the grey of the pixels as a GIF whose codes never grow."""
    height, width, _ = pixels.shape
    grey = pixels[..., 0].ravel() // 2  # 7 bits, codes of 8
    size = width.to_bytes(2, 'little') + height.to_bytes(2, 'little')
    palette = np.repeat(np.arange(0, 256, 2, np.uint8), 3).tobytes()
    codes = []
    for start in range(0, grey.size, 100):
        codes += [128, *grey[start : start + 100]]  # 128 clears the table
    data = np.array([*codes, 129], np.uint8).tobytes()
    blocks = b''.join(
        bytes([len(data[i : i + 255])]) + data[i : i + 255]
        for i in range(0, len(data), 255)
    )
    return (
        b'GIF89a'
        + size
        + b'\xf6\0\0'
        + palette
        + b','
        + bytes(4)
        + size
        + b'\0\x07'
        + blocks
        + b'\0;'
    )


def classify_inputs(count=COUNT):
    return {
        'image': np.array(pictures(count), object),
        'number': np.arange(count, dtype=np.int32) % 10,
    }


INPUTS = {'serving_default': predict_inputs, 'classify_bytes': classify_inputs}


@pytest.fixture(scope='module', params=INPUTS)
def signature(request):
    return request.param


def assert_same(outputs, expected):
    assert set(outputs) == set(expected)
    for name, array in expected.items():
        assert outputs[name].dtype == array.dtype
        np.testing.assert_allclose(outputs[name], array, **TOLERANCE)


def test_python_answers_as_keras(model, python):
    inputs = predict_inputs()
    expected = {k: np.asarray(v) for k, v in model(inputs).items()}
    for array in expected.values():
        assert np.ptp(array, axis=0).max() > 0.01  # or parity says little
    assert_same(python('serving_default', inputs), expected)


def test_labels_are_the_most_probable(python):
    outputs = python('classify_bytes', classify_inputs())
    for name in ('digit', 'sum'):
        labels = outputs[f'{name}_label']
        assert labels.dtype == np.int32
        np.testing.assert_array_equal(labels, outputs[name].argmax(axis=-1))


def test_cpp_answers_as_python(loader, python, signature):
    inputs = INPUTS[signature]()
    assert_same(loader.run(signature, inputs), python(signature, inputs))


def test_servers_answer_as_python(client, python):
    inputs = predict_inputs()
    answer = client.predict(inputs['image'], inputs['number'].argmax(axis=1))
    assert_same(answer, python('serving_default', inputs))
    inputs = classify_inputs()
    answer = client.classify(list(inputs['image']), inputs['number'])
    assert_same(answer, python('classify_bytes', inputs))


@pytest.mark.parametrize('count', [1, 2, 300])
def test_any_batch_size(loader, python, signature, count):
    inputs = INPUTS[signature](count)
    assert_same(loader.run(signature, inputs), python(signature, inputs))


def test_batch_size_0(loader, signature):
    assert_empty(loader.run(signature, INPUTS[signature](0)))


def test_batch_size_0_over_grpc(models, signature):
    with serving_doubles.grpc_double(models) as address:
        transport = transports.Grpc(address, 'kerasadder', None, None, 60)
        assert_empty(transport.call(signature, INPUTS[signature](0)))
        transport.close()


def assert_empty(outputs):
    shapes = {name: array.shape for name, array in outputs.items()}
    assert shapes['digit'] == (0, 10)
    assert shapes['sum'] == (0, 19)


def test_threads_get_their_own_answers_in_cpp(loader, python, signature):
    assert_threads(
        lambda inputs: loader.run(signature, inputs), signature, python
    )


def test_threads_get_their_own_answers_from_servers(client, python, signature):
    def ask(inputs):
        if signature == 'classify_bytes':
            return client.classify(list(inputs['image']), inputs['number'])
        return client.predict(inputs['image'], inputs['number'].argmax(axis=1))

    assert_threads(ask, signature, python)


def assert_threads(ask, signature, python):
    """Asks for each example in threads of its own, all of them at once."""
    inputs = INPUTS[signature]()
    expected = python(signature, inputs)
    examples = [
        {name: array[i : i + 1] for name, array in inputs.items()}
        for i in range(COUNT)
    ] * 6
    with futures.ThreadPoolExecutor(8) as executor:
        for i, outputs in enumerate(executor.map(ask, examples)):
            j = i % COUNT
            assert_same(outputs, {k: v[j : j + 1] for k, v in expected.items()})


def test_export_has_no_python_in_it(loader):
    graph = loader.meta_graph.graph_def
    operations = {node.op for node in graph.node}
    for function in graph.library.function:
        operations |= {node.op for node in function.node_def}
    assert not [name for name in operations if 'PyFunc' in name]


def test_warm_up_requests_are_answered(version, loader):
    """As Serving answers them before it offers the version."""
    path = version / 'assets.extra' / 'tf_serving_warmup_requests'
    warmed = []
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        log = prediction_log_pb2.PredictionLog.FromString(record)
        request = log.predict_log.request
        assert request.model_spec.name == 'kerasadder'
        signature = request.model_spec.signature_name
        inputs = {k: tf.make_ndarray(v) for k, v in request.inputs.items()}
        assert loader.run(signature, inputs)['sum'].shape[1:] == (19,)
        warmed.append(signature)
    assert set(warmed) >= set(INPUTS)


def test_rows_are_answered_as_columns(models):
    inputs = {k: v.tolist() for k, v in predict_inputs().items()}
    rows = [{name: inputs[name][i] for name in inputs} for i in range(COUNT)]
    with serving_doubles.rest_double(models) as address:
        url = f'http://{address}/v1/models/kerasadder:predict'
        columns = requests.post(url, json={'inputs': inputs}, timeout=60)
        rows = requests.post(url, json={'instances': rows}, timeout=60)
    for name, column in columns.json()['outputs'].items():
        assert [row[name] for row in rows.json()['predictions']] == column


def test_status_says_which_versions_there_are(server):
    transport, address = server
    if transport == 'rest':
        url = f'http://{address}/v1/models/kerasadder'
        (status,) = requests.get(url, timeout=60).json()['model_version_status']
        assert (status['version'], status['state']) == ('1', 'AVAILABLE')
        assert requests.get(f'{url}x', timeout=60).status_code == 404
        return
    request = get_model_status_pb2.GetModelStatusRequest()
    with grpc.insecure_channel(address) as channel:
        service = model_service_pb2_grpc.ModelServiceStub(channel)
        request.model_spec.name = 'kerasadder'
        (status,) = service.GetModelStatus(request).model_version_status
        assert (status.version, status.state) == (1, status.AVAILABLE)
        request.model_spec.name = 'kerasadderx'
        with pytest.raises(grpc.RpcError) as raised:
            service.GetModelStatus(request)
        assert raised.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    ('arguments', 'error', 'message'),
    [
        ({'model': 'other'}, transports.NotFound, 'no model other .*Latest'),
        ({'version': 9}, transports.NotFound, 'version 9 of model .*Specific'),
        ({'label': 'x'}, transports.InvalidArgument, 'version label: x'),
    ],
)
def test_wrong_model_version_label(server, arguments, error, message):
    transport, address = server
    with (
        Client(address, transport=transport, **arguments) as client,
        pytest.raises(error, match=message),
    ):
        client.predict(predict_inputs()['image'], 7)


@pytest.mark.parametrize('arguments', [{'version': 1}, {'label': 'stable'}])
def test_version_by_number_and_by_label(server, arguments):
    transport, address = server
    with Client(address, transport=transport, **arguments) as client:
        answer = client.predict(predict_inputs()['image'], 7)
    assert answer['sum'].shape == (COUNT, 19)


def test_wrong_signature(server):
    transport, address = server
    kind = {'grpc': transports.Grpc, 'rest': transports.Rest}[transport]
    transport = kind(address, 'kerasadder', None, None, 60)
    with pytest.raises(transports.InvalidArgument, match='nothing'):
        transport.call('nothing', predict_inputs())
    transport.close()


def test_refusal_comes_with_the_servers_message(client):
    images = np.tile(predict_inputs()['image'][:1], (30, 1, 1, 1))
    images[23, 5, 5] = 256
    with pytest.raises(transports.InvalidArgument, match=r'image\[23\]'):
        client.predict(images, 7)
    numbers = np.full(30, 9)
    numbers[23] = 10
    with pytest.raises(transports.InvalidArgument, match=r'number\[23\]'):
        client.classify(pictures(1) * 30, numbers)
    with pytest.raises(transports.InvalidArgument, match=r'image\[2\]'):
        client.classify(pictures(2) + [b'no picture'], 7)


# What can be wrong with a request of four examples.

BATCH = 4
INDEX = st.integers(0, BATCH - 1)
NAME = st.sampled_from(['image', 'number'])
SHAPE = st.lists(st.sampled_from([0, 1, 2, 10, 27, 28]), max_size=5).filter(
    lambda shape: math.prod(shape) < 5000
)
IN_KIND = [
    st.tuples(st.just('shape'), NAME, SHAPE),
    st.tuples(st.just('dtype'), NAME, st.sampled_from(['f4', 'f8', 'i4'])),
    st.tuples(st.just('count'), NAME, st.integers(0, BATCH - 1)),
    st.tuples(st.just('missing'), NAME, st.none()),
    st.tuples(st.just('extra'), NAME, st.none()),
]
PIXEL = st.floats(width=32).filter(lambda value: not 0 <= value <= 255)
VECTOR = st.lists(
    st.sampled_from([0, 1, -1, 2, 0.1, 0.999, np.nan, np.inf]),
    min_size=10,
    max_size=10,
).filter(lambda vector: (vector.count(1), vector.count(0)) != (1, 9))
NUMBER = st.integers(-(2**31), -1) | st.integers(10, 2**31 - 1)
MALFORMED = {
    'serving_default': st.one_of(
        st.tuples(st.just('pixel'), INDEX, PIXEL),
        st.tuples(st.just('vector'), INDEX, VECTOR),
        *IN_KIND,
    ),
    'classify_bytes': st.one_of(
        st.tuples(st.just('bytes'), INDEX, st.binary(max_size=200)),
        st.tuples(st.just('cut'), INDEX, st.floats(0.02, 0.5)),
        st.tuples(st.just('number'), INDEX, NUMBER),
        *IN_KIND,
    ),
}


def spoil(inputs, kind, which, how):
    """Makes good inputs bad; returns what the error's message must match."""
    if kind == 'pixel':
        inputs['image'][which, 9, 9] = how
        return rf'image\[{which}\]'
    if kind in ('vector', 'number'):
        inputs['number'][which] = how
        return rf'number\[{which}\]'
    if kind == 'bytes':
        inputs['image'][which] = how
        return rf'image\[{which}\]'
    if kind == 'cut':
        picture = inputs['image'][which]
        inputs['image'][which] = picture[: int(how * len(picture))]
        return '.'  # the words are the decoder's own
    good = inputs[which]
    if kind == 'missing':
        del inputs[which]
        return f'required: .*{which}'
    if kind == 'extra':
        inputs['more'] = good
        return 'extra: .*more'
    if kind == 'count':
        inputs[which] = good[:how]
        return r'image(.|\n)*number'
    if kind == 'shape':
        # One axis more, if it is by chance a right shape.
        right = len(how) == good.ndim and tuple(how[1:]) == good.shape[1:]
        inputs[which] = np.zeros([*how, 1] if right else how, good.dtype)
        if good.dtype == object:
            inputs[which][...] = b''
        return which
    # The other one's dtype, if it is by chance the right one.
    dtype = 'i8' if good.dtype == how else how
    inputs[which] = np.zeros(good.shape, dtype)
    return 'Expects .* to be (float|int32|string) but'


@functools.cache
def good_inputs(signature):
    return INPUTS[signature](BATCH)


# The deadline is off for want of a machine of one's own; the examples are the
# same every time, so that a failure is.
EXAMPLES = settings(
    max_examples=300, deadline=None, derandomize=True, database=None
)


@EXAMPLES
@given(wrong=MALFORMED['serving_default'])
def test_malformed_predict_is_refused(loader, wrong):
    assert_refused_and_the_next_answered(loader, 'serving_default', wrong)


@EXAMPLES
@given(wrong=MALFORMED['classify_bytes'])
def test_malformed_classify_is_refused(loader, wrong):
    assert_refused_and_the_next_answered(loader, 'classify_bytes', wrong)


def assert_refused_and_the_next_answered(loader, signature, wrong):
    good = good_inputs(signature)
    bad = {name: array.copy() for name, array in good.items()}
    message = spoil(bad, *wrong)
    with pytest.raises(serving_doubles.Status) as raised:
        loader.run(signature, bad)
    assert raised.value.code == serving_doubles.INVALID_ARGUMENT
    assert re.search(message, raised.value.message), raised.value.message
    one = {name: array[:1] for name, array in good.items()}
    total = loader.run(signature, one)['sum'].sum()
    np.testing.assert_allclose(total, 1, rtol=1e-5)
