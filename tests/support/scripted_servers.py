"""Runs servers whose replies a test gives in advance."""

import contextlib
import json
import socket
import time

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import model_service_pb2_grpc
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis import prediction_service_pb2_grpc

from kerasadder.serving.client import Client
from tests.support.fake_grpc import grpc_server
from tests.support.fake_rest import rest_server

IMAGES = np.zeros((2, 28, 28, 1), np.float32)
OUTPUTS = {
    'digit': np.eye(10, dtype=np.float32)[[5, 3]],
    'sum': np.eye(19, dtype=np.float32)[[12, 10]],
    'digit_label': np.array([5, 3], np.int32),
    'sum_label': np.array([12, 10], np.int32),
}
# The answer to the first image alone.
SEVEN = {name: array[:1].copy() for name, array in OUTPUTS.items()}
SLOW = 'slow'
CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    404: grpc.StatusCode.NOT_FOUND,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    500: grpc.StatusCode.INTERNAL,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}


@contextlib.contextmanager
def rest_script(replies, asked):
    """Serves replies over REST, one for each request; the last one repeats.

    Args:
        replies: A list of replies. A dict of arrays is an answer, an integer an
            HTTP error, bytes a body, and `SLOW` an answer after 0.5 s.
        asked: A list, to which the server appends each path and body.

    Yields:
        The address, 'host:port'.
    """

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

    with rest_server(answer) as address:
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
    return grpc_server(Servicer(replies, asked))


SCRIPTS = {'rest': rest_script, 'grpc': grpc_script}


@contextlib.contextmanager
def scripted(transport, *replies, **arguments):
    """Connects a client to a server that sends scripted replies.

    Args:
        transport: 'rest' or 'grpc'.
        *replies: The replies, as `rest_script` takes them.
        **arguments: Keyword arguments of `Client`.

    Yields:
        The client, and the list of the requests that the server got.
    """
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
