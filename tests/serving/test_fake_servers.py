"""Tests that the fake servers behave as TensorFlow Serving 2.20.0 does.

The expected values come from observations of the real server.
"""

import contextlib
import threading
import time
from concurrent import futures

import grpc
import numpy as np
import pytest
import requests
from tensorflow_serving.apis import get_model_status_pb2
from tensorflow_serving.apis import model_service_pb2_grpc

from kerasadder.serving import transports
from tests.support.fake_grpc import fake_grpc
from tests.support.fake_models import Models
from tests.support.fake_rest import fake_rest
from tests.support.scripted_servers import IMAGES

TOO_DEEP = b'[' * 50_000 + b']' * 50_000


class Loader:
    """Replaces `cpp_loader.Loader`; answers zeros once `go_on` is set."""

    def __init__(self):
        self.asked, self.go_on = threading.Semaphore(0), threading.Event()
        self.go_on.set()

    def inputs(self, signature):
        one = {'image': np.float32}
        both = {'image': np.float32, 'number': np.float32}
        return one if signature == 'every_number' else both

    def run(self, signature, inputs):
        self.asked.release()
        self.go_on.wait(60)
        count = len(inputs['image'])
        return {'digit': np.zeros((count, 10)), 'sum': np.zeros((count, 19))}


@pytest.fixture
def loader():
    return Loader()


@pytest.fixture
def models(loader):
    return Models({1: loader, 2: loader}, {})


@contextlib.contextmanager
def rest(models):
    with fake_rest(models) as address:
        yield f'http://{address}/v1/models/kerasadder'


def post(url, body, timeout=60):
    return requests.post(f'{url}:predict', json=body, timeout=timeout)


def test_versions_come_the_highest_first_and_removed_ones_stay(models):
    models.remove(1)
    expected = [('2', 'AVAILABLE'), ('1', 'END')]
    with rest(models) as url:
        status = requests.get(url, timeout=60).json()['model_version_status']
    assert [(of['version'], of['state']) for of in status] == expected

    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = 'kerasadder'
    with (
        fake_grpc(models) as address,
        grpc.insecure_channel(address) as channel,
    ):
        service = model_service_pb2_grpc.ModelServiceStub(channel)
        status = service.GetModelStatus(request).model_version_status
    names = type(status[0]).State.Name
    assert [(str(of.version), names(of.state)) for of in status] == expected


def test_unknown_path_is_404_in_html(models):
    with fake_rest(models) as address:
        reply = requests.get(f'http://{address}/nothing', timeout=60)
        malformed = requests.get(f'http://{address}/v1/nothing', timeout=60)
    assert reply.status_code == 404
    assert reply.headers['Content-Type'] == 'text/html'
    assert malformed.status_code == 400
    assert malformed.json() == {'error': 'Malformed request: GET /v1/nothing'}


def test_only_input_needs_no_name(models):
    body = {'signature_name': 'every_number', 'inputs': IMAGES.tolist()}
    with rest(models) as url:
        reply = post(url, body).json()
    assert len(reply['outputs']['digit']) == len(IMAGES)


@pytest.mark.parametrize(
    ('body', 'message'),
    [
        (
            {'inputs': {'image': IMAGES.tolist()}},
            "Missing named input: number in 'inputs' object.",
        ),
        (
            {'inputs': IMAGES.tolist()},
            'inputs is a plain value/list, but expecting an object as '
            'multiple input tensors required as per tensorinfo_map',
        ),
        (
            {'inputs': {'image': [['7']], 'number': [[]]}},
            'JSON Value: "7" Type: String is not of expected type: float',
        ),
        (
            {'inputs': {'image': [[1, 2], [3]], 'number': [[]]}},
            'Encountered list at unexpected size: 1 at level: 1 expected '
            'size: 2',
        ),
        (
            {'inputs': {'image': [1, [2]], 'number': [[]]}},
            'Encountered list at unexpected level: 1 expected < 1',
        ),
        (
            {'inputs': {'image': [[1], 2], 'number': [[]]}},
            'JSON Value: 2 found at incorrect level: 2 in the JSON DOM. '
            'Expected at level: 2',
        ),
    ],
)
def test_message_is_the_real_server_s(models, body, message):
    with rest(models) as url:
        reply = post(url, body)
    assert reply.status_code == 400
    assert reply.json() == {'error': message}


def test_reply_does_not_wait_for_an_acknowledgement(models):
    """An acknowledgement takes 40 ms from about a connection's 20th request."""
    took = []
    with rest(models) as url, requests.Session() as session:
        for _ in range(60):
            began = time.monotonic()
            session.get(url, timeout=60)
            took.append(time.monotonic() - began)
    assert min(took[30:]) < 0.03


def test_more_calls_at_once_than_threads_are_refused(loader, models):
    loader.go_on.clear()
    inputs = {'image': IMAGES, 'number': np.zeros((2, 10), np.float32)}
    with (
        fake_grpc(models, threads=2) as address,
        futures.ThreadPoolExecutor() as pool,
    ):
        transport = transports.Grpc(address, 'kerasadder', None, None, 60)
        calls = [
            pool.submit(transport.call, 'serving_default', inputs)
            for _ in range(2)
        ]
        for _ in calls:
            loader.asked.acquire(timeout=60)
        with pytest.raises(
            transports.Unavailable, match='Server Threadpool Exhausted'
        ):
            transport.call('serving_default', inputs)
        loader.go_on.set()
        assert all(len(call.result()['sum']) == 2 for call in calls)
        transport.close()


def test_empty_batch_wedges_a_server_with_batching(loader):
    empty = {'inputs': {'image': [], 'number': []}}
    filled = {'inputs': {'image': IMAGES.tolist(), 'number': [[1], [1]]}}
    with (
        rest(Models({1: loader}, {}, batching=True)) as url,
        futures.ThreadPoolExecutor() as pool,
    ):
        with pytest.raises(requests.Timeout):
            post(url, empty, timeout=0.3)
        waiting = pool.submit(post, url, empty)
        with pytest.raises(futures.TimeoutError):
            waiting.result(0.3)
        assert post(url, filled).ok
        assert waiting.result(60).ok


def test_body_nested_too_deep_kills_the_server(models):
    with rest(models) as url, requests.Session() as session:
        assert session.get(url, timeout=60).ok
        with pytest.raises(requests.ConnectionError):
            requests.post(f'{url}:predict', TOO_DEEP, timeout=60)
        for client in (session, requests):
            with pytest.raises(requests.ConnectionError):
                client.get(url, timeout=60)
