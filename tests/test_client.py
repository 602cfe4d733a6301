"""The client, against servers that answer whatever the test wants."""

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import model_service_pb2_grpc
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis import prediction_service_pb2_grpc

from kerasadder.errors import UserError
from kerasadder.serving import client as client_lib
from kerasadder.serving import transports
from kerasadder.serving.client import Client
from tests import serving_doubles

IMAGES = np.zeros((2, 28, 28, 1), np.float32)
OUTPUTS = {
    'digit': np.eye(10, dtype=np.float32)[[5, 3]],
    'sum': np.eye(19, dtype=np.float32)[[12, 10]],
    'digit_label': np.array([5, 3], np.int32),
    'sum_label': np.array([12, 10], np.int32),
}
LACKING = {'digit': OUTPUTS['digit']}
MISSHAPEN = {**OUTPUTS, 'sum': OUTPUTS['sum'][:1]}
SLOW = 'slow'
CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    404: grpc.StatusCode.NOT_FOUND,
    500: grpc.StatusCode.INTERNAL,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}


@contextlib.contextmanager
def rest_script(replies, asked):
    """Serves the replies one after another, the last for ever, over REST."""

    def answer(unused_method, path, body):
        reply = replies[min(len(asked), len(replies) - 1)]
        asked.append((path, json.loads(body)))
        if reply == SLOW:
            time.sleep(0.5)
        if isinstance(reply, bytes):
            return 200, reply
        if isinstance(reply, int):
            return reply, json.dumps(
                {'error': f'Because\n of {reply}'}
            ).encode()
        columns = {k: v.tolist() for k, v in OUTPUTS.items()}
        if isinstance(reply, dict):
            columns = {k: v.tolist() for k, v in reply.items()}
        return 200, json.dumps({'outputs': columns}).encode()

    with serving_doubles.rest_server(answer) as address:
        yield address


class Servicer(
    prediction_service_pb2_grpc.PredictionServiceServicer,
    model_service_pb2_grpc.ModelServiceServicer,
):
    def __init__(self, replies, asked):
        self.replies, self.asked = replies, asked

    def Predict(self, request, context):
        reply = self.replies[min(len(self.asked), len(self.replies) - 1)]
        self.asked.append(request)
        if reply == SLOW:
            time.sleep(0.5)
        if isinstance(reply, int):
            context.abort(CODES[reply], f'Because\n of {reply}')
        response = predict_pb2.PredictResponse()
        outputs = reply if isinstance(reply, dict) else OUTPUTS
        for name, array in outputs.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(array))
        return response


def grpc_script(replies, asked):
    return serving_doubles.grpc_server(Servicer(replies, asked))


SCRIPTS = {'rest': rest_script, 'grpc': grpc_script}


@pytest.fixture(params=['rest', 'grpc'])
def transport(request):
    return request.param


@contextlib.contextmanager
def scripted(transport, *replies, **arguments):
    """Yields a client of a server with these replies, and what it was asked."""
    asked = []
    with (
        SCRIPTS[transport](replies, asked) as address,
        Client(address, transport=transport, **arguments) as client,
    ):
        yield client, asked


def free_port():
    with socket.socket() as listener:
        listener.bind(('localhost', 0))
        return listener.getsockname()[1]


@pytest.fixture(autouse=True)
def short_backoff(monkeypatch):
    monkeypatch.setattr(client_lib, 'BACKOFF', 0.01)


def test_answers_are_arrays(transport):
    with scripted(transport, OUTPUTS) as (client, _):
        answers = client.predict(IMAGES, [7, 7]), client.classify([b'', b''], 7)
    for answer, names in zip(answers, (['digit', 'sum'], OUTPUTS)):
        assert set(answer) == set(names)
        for name in names:
            assert answer[name].dtype == OUTPUTS[name].dtype
            np.testing.assert_array_equal(answer[name], OUTPUTS[name])


def test_unavailable_is_asked_again(transport):
    with scripted(transport, 503, 503, OUTPUTS, retries=2) as (client, asked):
        assert client.predict(IMAGES, 7)['digit'].shape == (2, 10)
        assert len(asked) == 3


def test_unavailable_is_given_up_after_the_retries(transport):
    with scripted(transport, 503, retries=2) as (client, asked):
        with pytest.raises(transports.Unavailable, match='asked 3 times'):
            client.predict(IMAGES, 7)
        assert len(asked) == 3


@pytest.mark.parametrize(
    ('reply', 'error', 'message'),
    [
        (400, transports.InvalidArgument, ': Because of 400'),
        (404, transports.NotFound, 'serves no model kerasadder .Because of'),
        (500, transports.ServingError, 'Because of 500'),
        (504, transports.DeadlineExceeded, 'no answer within 10 s'),
        (LACKING, transports.ServingError, "reply's sum is not there"),
        (MISSHAPEN, transports.ServingError, r'shape \(1, 19\); it must be'),
    ],
)
def test_nothing_else_is_asked_again(transport, reply, error, message):
    with scripted(transport, reply, OUTPUTS) as (client, asked):
        with pytest.raises(error, match=message) as raised:
            client.predict(IMAGES, 7)
        assert len(asked) == 1
    assert isinstance(raised.value, UserError)
    assert str(raised.value).startswith('localhost:')
    assert '\n' not in str(raised.value)


def test_too_slow_a_server_is_given_up(transport):
    with scripted(transport, SLOW, timeout=0.2) as (client, asked):
        with pytest.raises(
            transports.DeadlineExceeded, match=r'no answer within 0\.2 s'
        ):
            client.predict(IMAGES, 7)
        assert len(asked) == 1


@pytest.mark.parametrize(
    'reply', [b'<html>Welcome\nto nginx</html>', b'', b'[1, 2]', b'\xff\xfe']
)
def test_reply_that_is_not_json_of_serving(reply):
    with scripted('rest', reply) as (client, asked):
        with pytest.raises(
            transports.ServingError, match=r'not JSON of TensorFlow Serving'
        ):
            client.predict(IMAGES, 7)
        assert len(asked) == 1


@pytest.mark.parametrize(
    'reply',
    [
        b'{}',
        b'{"outputs": [1, 2]}',
        b'{"outputs": {"digit": "five"}}',
        b'{"outputs": {"digit": [[1], [2, 3]]}}',
        b'{"outputs": {"digit": null}}',
    ],
)
def test_json_that_is_no_answer(reply):
    with (
        scripted('rest', reply) as (client, _),
        pytest.raises(transports.ServingError, match="the reply's digit "),
    ):
        client.predict(IMAGES, 7)


def test_picture_s_number_is_of_32_bits(transport):
    with scripted(transport, OUTPUTS) as (client, asked):
        with pytest.raises(UserError, match='numbers: of 32 bits'):
            client.classify([b'', b''], 2**32 + 7)
        assert asked == []


def test_address_that_no_host_can_have():
    with (
        Client('a..b:8501', retries=0) as client,
        pytest.raises(transports.Unavailable, match='Failed to parse'),
    ):
        client.predict(IMAGES, 7)


def test_server_that_is_down(transport):
    address = f'localhost:{free_port()}'
    with (
        Client(address, transport=transport, retries=1) as client,
        pytest.raises(transports.Unavailable, match='asked 2 times') as raised,
    ):
        client.predict(IMAGES, 7)
    assert address in str(raised.value)
    assert '\n' not in str(raised.value)


def test_server_that_starts_late_is_reached(transport, monkeypatch):
    monkeypatch.setattr(client_lib, 'BACKOFF', 0.1)
    port, stop = free_port(), threading.Event()

    def serve():
        time.sleep(0.15)
        with late(port):
            stop.wait()

    def late(port):
        if transport == 'grpc':
            return serving_doubles.grpc_server(Servicer([OUTPUTS], []), port)
        columns = {k: v.tolist() for k, v in OUTPUTS.items()}
        content = json.dumps({'outputs': columns}).encode()
        return serving_doubles.rest_server(lambda *_: (200, content), port)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        # Asked at 0, 0.1, 0.3 and 0.7 s; gRPC alone would wait for a second.
        with Client(f'localhost:{port}', transport=transport) as client:
            assert client.predict(IMAGES, 7)['sum'].shape == (2, 19)
    finally:
        stop.set()
        thread.join()


def test_request_over_rest():
    with scripted('rest', OUTPUTS, model='a/b', version=0) as (client, asked):
        client.predict(IMAGES, [7, 0])
        client.classify([b'\xff', b''], [7, 10])
    path, body = asked[0]
    assert path == '/v1/models/a%2Fb/versions/0:predict'
    assert body == {
        'signature_name': 'serving_default',
        'inputs': {
            'image': IMAGES.tolist(),
            'number': np.eye(10)[[7, 0]].tolist(),
        },
    }
    assert asked[1][1] == {
        'signature_name': 'classify_bytes',
        'inputs': {'image': [{'b64': '/w=='}, {'b64': ''}], 'number': [7, 10]},
    }
    with scripted('rest', OUTPUTS, label='stable') as (client, asked):
        client.predict(IMAGES, 7)
    assert asked[0][0] == '/v1/models/kerasadder/labels/stable:predict'


def test_request_over_grpc():
    with scripted('grpc', OUTPUTS, model='a/b', version=0) as (client, asked):
        client.predict(IMAGES, [7, 0])
        client.classify([b'\xff', b''], [7, 10])
    specs = [request.model_spec for request in asked]
    assert [spec.name for spec in specs] == ['a/b', 'a/b']
    assert all(spec.HasField('version') for spec in specs)
    assert [spec.version.value for spec in specs] == [0, 0]
    signatures = [spec.signature_name for spec in specs]
    assert signatures == ['serving_default', 'classify_bytes']
    given = [
        {k: tf.make_ndarray(v) for k, v in request.inputs.items()}
        for request in asked
    ]
    np.testing.assert_array_equal(given[0]['image'], IMAGES)
    np.testing.assert_array_equal(given[0]['number'], np.eye(10)[[7, 0]])
    assert given[1]['image'].tolist() == [b'\xff', b'']
    assert given[1]['number'].tolist() == [7, 10]
    assert given[1]['number'].dtype == np.int32
    with scripted('grpc', OUTPUTS, label='stable') as (client, asked):
        client.predict(IMAGES, 7)
    assert asked[0].model_spec.version_label == 'stable'


def test_version_is_in_the_message(transport):
    with (
        scripted(transport, 404, version=9) as (client, _),
        pytest.raises(UserError, match='no version 9 of model kerasadder'),
    ):
        client.predict(IMAGES, 7)


def test_paths_are_read(transport, tmp_path):
    (tmp_path / 'one.png').write_bytes(b'one')
    with scripted(transport, OUTPUTS) as (client, asked):
        client.classify([tmp_path / 'one.png', str(tmp_path / 'one.png')], 7)
        with pytest.raises(FileNotFoundError):
            client.classify([tmp_path / 'two.png'], 7)
        assert len(asked) == 1


def test_nothing_is_answered_with_nothing(transport):
    with scripted(transport, OUTPUTS) as (client, asked):
        answer = client.predict(IMAGES[:0], [])
        assert {k: v.shape for k, v in answer.items()} == {
            'digit': (0, 10),
            'sum': (0, 19),
        }
        assert client.classify([], [])['digit_label'].shape == (0,)
        assert asked == []


@pytest.mark.parametrize(
    'numbers', [10, -1, 2**32 + 7, [1], [1, 2, 3], 1.5, ['1', '2']]
)
def test_numbers_that_are_none_are_not_sent(transport, numbers):
    with scripted(transport, OUTPUTS) as (client, asked):
        with pytest.raises(UserError, match='numbers: '):
            client.predict(IMAGES, numbers)
        assert asked == []


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'transport': 'http'}, "transport: 'rest' or 'grpc'"),
        ({'version': 1, 'label': 'stable'}, 'give one of them'),
        ({'address': 'localhost'}, 'address: host:port'),
        ({'address': 'http://localhost:8501'}, 'address: host:port'),
    ],
)
def test_arguments_that_make_no_client(arguments, message):
    with pytest.raises(UserError, match=message):
        Client(**arguments)


@pytest.mark.parametrize(
    ('transport', 'module'), [('rest', 'requests'), ('grpc', 'grpc')]
)
def test_missing_extra_is_named(transport, module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError, match=r"pip install -e '\.\[serving\]'"):
        Client(transport=transport)


def test_rest_imports_no_tensorflow():
    subprocess.run(
        [
            sys.executable,
            '-c',
            'import sys; from kerasadder.client import Client; Client().close()'
            "; assert not {'tensorflow', 'keras', 'grpc'} & set(sys.modules)",
        ],
        check=True,
        timeout=60,
    )
