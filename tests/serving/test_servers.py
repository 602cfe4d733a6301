"""Tests the SavedModel on servers: parity, threads and refusals.

Each test runs on the C++ runtime or on the fake servers (`fake_models`). It
also runs on the real server, if `tensorflow_model_server` is on the PATH or
Docker runs.
"""

from concurrent import futures

import grpc
import numpy as np
import pytest
import requests
import tensorflow as tf
from tensorflow_serving.apis import get_model_status_pb2
from tensorflow_serving.apis import model_service_pb2_grpc

from kerasadder.serving import transports
from kerasadder.serving.client import Client
from tests.support.fake_grpc import fake_grpc
from tests.support.fake_models import Models
from tests.support.fake_rest import fake_rest
from tests.support.real_serving import real_server
from tests.support.scripted_servers import free_port
from tests.support.serving_inputs import COUNT
from tests.support.serving_inputs import INPUTS
from tests.support.serving_inputs import classify_inputs
from tests.support.serving_inputs import pictures
from tests.support.serving_inputs import predict_inputs

# Keras, Python, C++ and both servers compute the same operations. Each of them
# fuses and orders the operations in its own way, so rounding differs.
TOLERANCE = {'rtol': 1e-5, 'atol': 1e-7}
SERVERS = ('fake grpc', 'fake rest', 'real grpc', 'real rest')


@pytest.fixture(scope='module')
def models(loader):
    return Models({1: loader}, {'stable': 1})


@pytest.fixture(scope='module')
def python(loaded):
    """Returns a function like `Loader.run` that runs the model in Python."""

    def run(signature, inputs):
        tensors = {name: tf.constant(array) for name, array in inputs.items()}
        outputs = loaded.signatures[signature](**tensors)
        return {name: tensor.numpy() for name, tensor in outputs.items()}

    return run


@pytest.fixture(scope='module')
def real(exported, tmp_path_factory):
    """Yields the ports of the real server by transport, or skips the test."""
    ports = {'grpc': free_port(), 'rest': free_port()}
    configs = tmp_path_factory.mktemp('configs')
    with real_server(exported.parent, configs, ports):
        yield ports


@pytest.fixture(scope='module', params=SERVERS)
def server(request, models):
    """Yields the transport and the address of each server in turn."""
    kind = request.param
    if kind.startswith('real'):
        transport = kind.removeprefix('real ')
        port = request.getfixturevalue('real')[transport]
        yield transport, f'localhost:{port}'
    elif kind == 'fake grpc':
        with fake_grpc(models) as address:
            yield 'grpc', address
    else:
        with fake_rest(models) as address:
            yield 'rest', address


@pytest.fixture
def client(server):
    transport, address = server
    with Client(address, transport=transport, timeout=60) as client:
        yield client


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
        # If all answers were alike, parity would show nothing.
        assert np.ptp(array, axis=0).max() > 0.01
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


def test_more_than_1024_examples_are_answered_in_parts(server, client, python):
    if server[0] == 'rest':
        pytest.skip('as JSON they take long')
    one = predict_inputs(1)
    images = np.zeros((1025, 28, 28, 1), np.float32)
    images[-1:] = one['image']
    answer = client.predict(images, one['number'].argmax())
    assert answer['sum'].shape == (1025, 19)
    last = {name: array[-1:] for name, array in answer.items()}
    assert_same(last, python('serving_default', one))


@pytest.mark.parametrize('count', [1, 2, 33])
def test_any_batch_size(loader, python, signature, count):
    inputs = INPUTS[signature](count)
    assert_same(loader.run(signature, inputs), python(signature, inputs))


def test_batch_size_0(loader, signature):
    assert_empty(loader.run(signature, INPUTS[signature](0)))


def test_batch_size_0_over_grpc(models, signature):
    with fake_grpc(models) as address:
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
    """Sends each example in a request of its own, from eight threads."""
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


def test_warm_up_requests_are_answered(loader):
    warmed = loader.warm_up()
    assert all(answer['sum'].shape[-1] == 19 for _, answer in warmed)
    signatures = set(loader.meta_graph.signature_def)
    assert {signature for signature, _ in warmed} == {
        *signatures - {'__saved_model_init_op'}
    }


def test_rows_are_answered_as_columns(models):
    inputs = {k: v.tolist() for k, v in predict_inputs().items()}
    rows = [{name: inputs[name][i] for name in inputs} for i in range(COUNT)]
    with fake_rest(models) as address:
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
        ({'label': 'x'}, transports.NotFound, 'version x .*version label: x'),
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
