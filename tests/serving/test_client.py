"""Tests the client against servers that send scripted replies."""

import json
import threading
import time

import numpy as np
import pytest
import tensorflow as tf

from kerasadder.errors import UserError
from kerasadder.serving import client as client_lib
from kerasadder.serving import transports
from kerasadder.serving.client import Client
from tests.support.fake_grpc import grpc_server
from tests.support.fake_rest import rest_server
from tests.support.scripted_servers import IMAGES
from tests.support.scripted_servers import OUTPUTS
from tests.support.scripted_servers import SLOW
from tests.support.scripted_servers import Servicer
from tests.support.scripted_servers import free_port
from tests.support.scripted_servers import scripted

LACKING = {'digit': OUTPUTS['digit']}
MISSHAPEN = {**OUTPUTS, 'sum': OUTPUTS['sum'][:1]}


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


# 429 stands for RESOURCE_EXHAUSTED in gRPC.
@pytest.mark.parametrize('status', [503, 429])
def test_unavailable_is_asked_again(transport, status):
    replies = status, status, OUTPUTS
    with scripted(transport, *replies, retries=2) as (client, asked):
        assert client.predict(IMAGES, 7)['digit'].shape == (2, 10)
        assert len(asked) == 3


@pytest.mark.parametrize('status', [503, 429])
def test_unavailable_is_given_up_after_the_retries(transport, status):
    with scripted(transport, status, retries=2) as (client, asked):
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


def test_picture_s_number_is_of_32_bits(transport):
    with scripted(transport, OUTPUTS) as (client, asked):
        with pytest.raises(UserError, match='numbers: of 32 bits'):
            client.classify([b'', b''], 2**32 + 7)
        assert asked == []


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
            return grpc_server(Servicer([OUTPUTS], []), port)
        columns = {k: v.tolist() for k, v in OUTPUTS.items()}
        content = json.dumps({'outputs': columns}).encode()
        return rest_server(lambda *_: (200, content), port)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        # The client asks at 0, 0.1, 0.3 and 0.7 s. gRPC by itself would wait
        # for a second before it connects again.
        with Client(f'localhost:{port}', transport=transport) as client:
            assert client.predict(IMAGES, 7)['sum'].shape == (2, 19)
    finally:
        stop.set()
        thread.join()


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


def outputs(count):
    """Makes the answer to `count` examples, all of them different."""
    digit = np.arange(10 * count, dtype=np.float32).reshape(count, 10)
    label = np.arange(count, dtype=np.int32)
    return {
        'digit': digit,
        'sum': np.tile(digit, 2)[:, :19],
        'digit_label': label,
        'sum_label': label + 7,
    }


def test_more_than_1024_examples_are_sent_in_parts(transport):
    whole = outputs(2049)
    replies = [
        {name: array[part] for name, array in whole.items()}
        for part in (slice(1024), slice(1024, 2048), slice(2048, None))
    ]
    numbers = np.arange(2049)
    with scripted(transport, *replies, timeout=60) as (client, asked):
        answer = client.classify([b''] * 2049, numbers)
    for name, array in whole.items():
        np.testing.assert_array_equal(answer[name], array)
    if transport == 'rest':
        sent = [body['inputs']['number'] for _, body in asked]
    else:
        sent = [tf.make_ndarray(request.inputs['number']) for request in asked]
    assert [len(part) for part in sent] == [1024, 1024, 1]
    np.testing.assert_array_equal(np.concatenate(sent), numbers)


def test_refusal_of_a_part_counts_from_the_first_example():
    replies = [
        (200, {'outputs': {k: v.tolist() for k, v in outputs(1024).items()}}),
        (400, {'error': 'image[3] is not right, number[0] too'}),
    ]

    def answer(*_):
        status, reply = replies.pop(0)
        return status, json.dumps(reply).encode()

    with (
        rest_server(answer) as address,
        Client(address, timeout=60) as client,
        pytest.raises(
            transports.InvalidArgument,
            match=r'image\[1027\] is not right, number\[1024\] too',
        ),
    ):
        client.classify([b''] * 1030, 7)


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
