"""Stand-ins for TensorFlow Serving, where the real server cannot be had.

They are doubles, not the server. What is real: the C++ runtime that runs the
SavedModel (`cpp_loader`) and the definitions of the gRPC services. What is
imitated, from reading the server's source: the paths and JSON of REST, which
error goes with which status, and the messages. What is not there at all:
batching, polling for new versions, metrics. `Loader.warm_up` warms up.
"""

import base64
import collections
import concurrent.futures
import contextlib
import http.server
import json
import re
import threading
import urllib.parse

import grpc
import numpy as np
from tensorflow_serving.apis import get_model_status_pb2
from tensorflow_serving.apis import model_service_pb2_grpc
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis import prediction_service_pb2_grpc

from tests.support.cpp_loader import FAILED_PRECONDITION
from tests.support.cpp_loader import INVALID_ARGUMENT
from tests.support.cpp_loader import NOT_FOUND
from tests.support.cpp_loader import Status

# The HTTP status that Serving makes of a code.
HTTP = {INVALID_ARGUMENT: 400, NOT_FOUND: 404, FAILED_PRECONDITION: 400}

Models = collections.namedtuple('Models', ('versions', 'labels'))
Models.__doc__ = """What a double serves, all under the name kerasadder.

Attributes:
    versions: A dict from version to `Loader`.
    labels: A dict from label to version.
"""


def find(models, name, version=None, label=None):
    """Returns a version and its Loader, by default the latest, as Serving."""
    if label:
        if label not in models.labels:
            raise Status(
                INVALID_ARGUMENT,
                f'Unrecognized servable version label: {label}',
            )
        version = models.labels[label]
    wanted = (
        f'Latest({name})' if version is None else f'Specific({name}, {version})'
    )
    version = max(models.versions) if version is None else version
    if name != 'kerasadder' or version not in models.versions:
        raise Status(NOT_FOUND, f'Servable not found for request: {wanted}')
    return version, models.versions[version]


def model_status(models, name, version=None):
    """Returns the versions that are available, as Serving's GetModelStatus."""
    versions = sorted(models.versions) if name == 'kerasadder' else []
    if version is not None:
        versions = [v for v in versions if v == version]
    if not versions:
        which = 'any versions' if version is None else f'version {version}'
        raise Status(NOT_FOUND, f'Could not find {which} of model {name}')
    return versions


class _GrpcDouble(
    prediction_service_pb2_grpc.PredictionServiceServicer,
    model_service_pb2_grpc.ModelServiceServicer,
):
    def __init__(self, models):
        self._models = models

    def Predict(self, request, context):
        import tensorflow as tf

        spec = request.model_spec
        signature = spec.signature_name or 'serving_default'
        with _aborting(context):
            version, loader = find(self._models, *_model_spec(spec))
            inputs = {}
            for name, tensor in request.inputs.items():
                try:
                    inputs[name] = tf.make_ndarray(tensor)
                except (TypeError, ValueError):
                    raise Status(
                        INVALID_ARGUMENT, f'tensor parsing error: {name}'
                    ) from None
            outputs = loader.run(signature, inputs)
            response = predict_pb2.PredictResponse()
            response.model_spec.name = spec.name
            response.model_spec.version.value = version
            response.model_spec.signature_name = signature
            for name, array in outputs.items():
                response.outputs[name].CopyFrom(tf.make_tensor_proto(array))
            return response

    def GetModelStatus(self, request, context):
        name, version, _ = _model_spec(request.model_spec)
        with _aborting(context):
            versions = model_status(self._models, name, version)
            return get_model_status_pb2.GetModelStatusResponse(
                model_version_status=[
                    {'version': version, 'state': 'AVAILABLE'}
                    for version in versions
                ]
            )


def _model_spec(spec):
    version = spec.version.value if spec.HasField('version') else None
    return spec.name, version, spec.version_label


@contextlib.contextmanager
def _aborting(context):
    try:
        yield
    except Status as error:
        codes = {code.value[0]: code for code in grpc.StatusCode}
        context.abort(codes[error.code], error.message)


@contextlib.contextmanager
def grpc_server(servicer, port=0):
    """Serves a servicer of both services; yields 'host:port'."""
    executor = concurrent.futures.ThreadPoolExecutor(8)
    server = grpc.server(
        executor, options=[('grpc.max_receive_message_length', 2**31 - 1)]
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        servicer, server
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port(f'localhost:{port}')
    server.start()
    try:
        yield f'localhost:{port}'
    finally:
        server.stop(None).wait()
        executor.shutdown()


def grpc_double(models):
    """Serves the models over gRPC; a context manager of 'host:port'."""
    return grpc_server(_GrpcDouble(models))


class RestHandler(http.server.BaseHTTPRequestHandler):
    """HTTP with JSON; what it answers is for `answer` to say."""

    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        self._reply(*self.answer('GET', self.path, b''))

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        self._reply(*self.answer('POST', self.path, body))

    def _reply(self, status, content):
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *unused_arguments):
        """Keeps the console of the tests quiet."""


@contextlib.contextmanager
def rest_server(answer, port=0):
    """Serves `answer(method, path, body)` -> (status, content) over HTTP."""
    handler = type('Handler', (RestHandler,), {'answer': staticmethod(answer)})
    server = http.server.ThreadingHTTPServer(('localhost', port), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f'localhost:{server.server_port}'
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def rest_double(models):
    """Serves the models over REST; a context manager of 'host:port'."""

    def answer(method, path, body):
        try:
            reply = _rest_answer(models, method, path, body)
        except Status as error:
            status = HTTP.get(error.code, 500)
            return status, json.dumps({'error': error.message}).encode()
        return 200, json.dumps(reply).encode()

    return rest_server(answer)


def _rest_answer(models, method, path, body):
    match = re.fullmatch(
        r'/v1/models/([^/:]+)(?:/versions/(\d+)|/labels/([^/:]+))?(:predict)?',
        path,
        re.IGNORECASE,
    )
    if not match or bool(match[4]) != (method == 'POST'):
        raise Status(INVALID_ARGUMENT, f'Malformed request: {method} {path}')
    name, label = (match[i] and urllib.parse.unquote(match[i]) for i in (1, 3))
    version = int(match[2]) if match[2] else None
    if method == 'GET':
        versions = model_status(models, name, version)
        status = {'error_code': 'OK', 'error_message': ''}
        return {
            'model_version_status': [
                {'version': str(v), 'state': 'AVAILABLE', 'status': status}
                for v in versions
            ]
        }
    try:
        request = json.loads(body)
    except ValueError as error:
        raise Status(INVALID_ARGUMENT, f'JSON Parse error: {error}') from None
    if not isinstance(request, dict):
        raise Status(INVALID_ARGUMENT, 'JSON Value: Is not object')
    _, loader = find(models, name, version, label)
    signature = request.get('signature_name', 'serving_default')
    try:
        dtypes = loader.inputs(signature)
    except Status:
        raise Status(
            INVALID_ARGUMENT,
            f'Serving signature name: "{signature}" not found in signature def',
        ) from None
    if 'instances' in request:
        return _rows(loader, signature, request['instances'], dtypes)
    if 'inputs' not in request:
        raise Status(INVALID_ARGUMENT, "Missing 'inputs' or 'instances' key")
    inputs = request['inputs']
    for name in dtypes:
        if not isinstance(inputs, dict) or name not in inputs:
            raise Status(INVALID_ARGUMENT, f'Missing named input: {name}')
    outputs = loader.run(
        signature, {k: _from_json(inputs[k], v) for k, v in dtypes.items()}
    )
    if len(outputs) == 1:
        return {'outputs': next(iter(outputs.values())).tolist()}
    return {'outputs': {k: v.tolist() for k, v in outputs.items()}}


def _rows(loader, signature, rows, dtypes):
    if not isinstance(rows, list) or not rows:
        raise Status(INVALID_ARGUMENT, "No values in 'instances' array")
    if len(dtypes) == 1 and not isinstance(rows[0], dict):
        rows = [dict.fromkeys(dtypes, row) for row in rows]
    for i, row in enumerate(rows):
        if not isinstance(row, dict) or set(row) != set(dtypes):
            raise Status(
                INVALID_ARGUMENT,
                f"Failed to process element: {i} of 'instances' list. keys "
                f'must be equal to: {",".join(sorted(dtypes))}',
            )
    inputs = {
        name: _from_json([row[name] for row in rows], dtype)
        for name, dtype in dtypes.items()
    }
    outputs = loader.run(signature, inputs)
    return {
        'predictions': [
            {name: array[i].tolist() for name, array in outputs.items()}
            for i in range(len(rows))
        ]
    }


def _from_json(value, dtype):
    """Returns the array: its shape that of the first elements, as Serving."""
    shape, first = [], value
    while isinstance(first, list):
        shape.append(len(first))
        first = first[0] if first else None
    leaves = list(_leaves(value, shape, dtype))
    if dtype is not np.object_:
        return np.array(leaves, dtype).reshape(shape)
    array = np.empty(len(leaves), dtype)
    array[:] = leaves
    return array.reshape(shape)


def _leaves(value, shape, dtype):
    if shape:
        if not isinstance(value, list) or len(value) != shape[0]:
            raise Status(
                INVALID_ARGUMENT, 'Encountered list at unexpected size'
            )
        for item in value:
            yield from _leaves(item, shape[1:], dtype)
        return
    if dtype is np.object_ and isinstance(value, dict):
        try:
            yield base64.b64decode(value['b64'], validate=True)
            return
        except (KeyError, TypeError, ValueError):
            raise Status(INVALID_ARGUMENT, 'Unable to base64 decode') from None
    kinds = {np.object_: str, np.float32: (int, float), np.int32: int}
    if not isinstance(value, kinds[dtype]) or isinstance(value, bool):
        raise Status(
            INVALID_ARGUMENT,
            f'JSON Value: {json.dumps(value)} is not of expected type: '
            f'{np.dtype(dtype).name}',
        )
    if dtype is np.int32 and not -(2**31) <= value < 2**31:
        raise Status(INVALID_ARGUMENT, f'JSON Value: {value} is not int32')
    yield value.encode() if isinstance(value, str) else value
