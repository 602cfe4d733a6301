"""Stand-ins for TensorFlow Serving, where the real server cannot be had.

They are doubles, not the server. What is real: the C++ runtime that loads and
runs the SavedModel (`Loader`, through the C API, so that no Python of
TensorFlow's has a hand in it). It is that of the TensorFlow installed here; the
server brings its own. Real are the definitions of the gRPC services, too. What
is imitated, from reading the server's source: the paths and JSON of REST, which
error goes with which status, and the messages. What is not there at all:
batching, warm-up, polling for new versions, metrics.
"""

import base64
import collections
import concurrent.futures
import contextlib
import ctypes
import functools
import http.server
import importlib.util
import json
import pathlib
import re
import threading
import urllib.parse

import grpc
import numpy as np
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import get_model_status_pb2
from tensorflow_serving.apis import model_service_pb2_grpc
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis import prediction_service_pb2_grpc

# TF_DataType and TF_Code, and the HTTP status that Serving makes of a code.
DTYPES = {1: np.float32, 2: np.float64, 3: np.int32, 7: np.object_, 9: np.int64}
NUMPY_DTYPES = {dtype: number for number, dtype in DTYPES.items()}
INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION = 3, 5, 9
HTTP = {INVALID_ARGUMENT: 400, NOT_FOUND: 404, FAILED_PRECONDITION: 400}
TSTRING_BYTES = 24  # sizeof(TF_TString)


class Status(Exception):
    """An error as the C++ runtime and Serving have it: a code, a message."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code, self.message = code, message


class Loader:
    """A SavedModel in the C++ runtime, loaded as Serving loads it."""

    def __init__(self, path):
        c = _c_api()
        status, self._graph = c.TF_NewStatus(), c.TF_NewGraph()
        options, meta_graph = c.TF_NewSessionOptions(), c.TF_NewBuffer()
        self._session = c.TF_LoadSessionFromSavedModel(
            options,
            None,
            str(path).encode(),
            (ctypes.c_char_p * 1)(b'serve'),
            1,
            self._graph,
            meta_graph,
            status,
        )
        _check(status)
        buffer = ctypes.cast(meta_graph, ctypes.POINTER(_Buffer)).contents
        self.meta_graph = meta_graph_pb2.MetaGraphDef.FromString(
            ctypes.string_at(buffer.data, buffer.length)
        )
        c.TF_DeleteBuffer(meta_graph)
        c.TF_DeleteSessionOptions(options)

    def close(self):
        c, status = _c_api(), _c_api().TF_NewStatus()
        c.TF_DeleteSession(self._session, status)
        _check(status)
        c.TF_DeleteGraph(self._graph)

    def inputs(self, signature):
        """Returns the numpy dtypes of a signature's inputs."""
        return {
            name: DTYPES[info.dtype]
            for name, info in self._signature(signature).inputs.items()
        }

    def run(self, signature, inputs):
        """Runs a signature on a dict of arrays, any thread at any time."""
        definition = self._signature(signature)
        given, wanted = set(inputs), set(definition.inputs)
        if given != wanted:
            raise Status(
                INVALID_ARGUMENT,
                f'input size does not match signature: {len(given)}!='
                f'{len(wanted)} len({_braces(given)}) != '
                f'len({_braces(wanted)}). Sent extra: {_braces(given - wanted)}'
                f'. Missing but required: {_braces(wanted - given)}.',
            )
        feeds, fetches = list(inputs), sorted(definition.outputs)
        c, status = _c_api(), _c_api().TF_NewStatus()
        results = (ctypes.c_void_p * len(fetches))()
        tensors = [_to_tensor(inputs[name]) for name in feeds]
        c.TF_SessionRun(
            self._session,
            None,
            self._endpoints(definition.inputs[name].name for name in feeds),
            (ctypes.c_void_p * len(feeds))(*tensors),
            len(feeds),
            self._endpoints(definition.outputs[name].name for name in fetches),
            results,
            len(fetches),
            None,
            0,
            None,
            status,
        )
        for tensor in tensors:
            c.TF_DeleteTensor(tensor)
        _check(status)
        return dict(zip(fetches, map(_to_array, results)))

    def _signature(self, name):
        if name not in self.meta_graph.signature_def:
            raise Status(
                FAILED_PRECONDITION,
                f'Serving signature key "{name}" not found.',
            )
        return self.meta_graph.signature_def[name]

    def _endpoints(self, names):
        names = [name.rpartition(':') for name in names]
        return (_Output * len(names))(
            *(
                _Output(
                    _c_api().TF_GraphOperationByName(
                        self._graph, name.encode()
                    ),
                    int(index),
                )
                for name, _, index in names
            )
        )


class _Buffer(ctypes.Structure):
    _fields_ = (('data', ctypes.c_void_p), ('length', ctypes.c_size_t))


class _Output(ctypes.Structure):
    _fields_ = (('operation', ctypes.c_void_p), ('index', ctypes.c_int))


@functools.cache
def _c_api():
    """Returns the C API of the TensorFlow that is installed."""
    root = pathlib.Path(importlib.util.find_spec('tensorflow').origin).parent
    framework = ctypes.CDLL(root / 'libtensorflow_framework.so.2')
    library = ctypes.CDLL(root / 'libtensorflow_cc.so.2')
    api = type('CApi', (), {})()
    pointer, integer, size = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t
    for name, result, *arguments in (
        ('TF_NewStatus', pointer),
        ('TF_GetCode', integer, pointer),
        ('TF_Message', ctypes.c_char_p, pointer),
        ('TF_DeleteStatus', None, pointer),
        ('TF_NewGraph', pointer),
        ('TF_DeleteGraph', None, pointer),
        ('TF_NewSessionOptions', pointer),
        ('TF_DeleteSessionOptions', None, pointer),
        ('TF_NewBuffer', pointer),
        ('TF_DeleteBuffer', None, pointer),
        ('TF_LoadSessionFromSavedModel', pointer)
        + (pointer, pointer, ctypes.c_char_p, pointer, integer)
        + (pointer, pointer, pointer),
        ('TF_SessionRun', None, pointer, pointer)
        + (pointer, pointer, integer, pointer, pointer, integer)
        + (pointer, integer, pointer, pointer),
        ('TF_DeleteSession', None, pointer, pointer),
        ('TF_GraphOperationByName', pointer, pointer, ctypes.c_char_p),
        ('TF_AllocateTensor', pointer, integer, pointer, integer, size),
        ('TF_DeleteTensor', None, pointer),
        ('TF_TensorData', pointer, pointer),
        ('TF_TensorByteSize', size, pointer),
        ('TF_TensorType', integer, pointer),
        ('TF_NumDims', integer, pointer),
        ('TF_Dim', ctypes.c_int64, pointer, integer),
        ('TF_StringInit', None, pointer),
        ('TF_StringCopy', None, pointer, ctypes.c_char_p, size),
        ('TF_StringGetDataPointer', pointer, pointer),
        ('TF_StringGetSize', size, pointer),
    ):
        try:
            function = getattr(library, name)
        except AttributeError:
            function = getattr(framework, name)
        function.restype, function.argtypes = result, arguments
        setattr(api, name, function)
    return api


def _check(status):
    """Deletes the status; raises what it says, unless it is OK."""
    c = _c_api()
    code, message = c.TF_GetCode(status), c.TF_Message(status)
    c.TF_DeleteStatus(status)
    if code:
        raise Status(code, message.decode(errors='replace'))


def _to_tensor(array):
    c, array = _c_api(), np.asarray(array)
    if array.dtype.kind in 'SO':  # bytes
        data, dtype = b'', 7
        length = TSTRING_BYTES * array.size
    else:
        data, dtype = array.tobytes(), NUMPY_DTYPES[array.dtype.type]
        length = len(data)
    shape = (ctypes.c_int64 * array.ndim)(*array.shape)
    tensor = c.TF_AllocateTensor(dtype, shape, array.ndim, length)
    start = c.TF_TensorData(tensor)
    if dtype != 7:
        ctypes.memmove(start, data, length)
        return tensor
    for i, item in enumerate(array.ravel().tolist()):
        string = start + TSTRING_BYTES * i
        c.TF_StringInit(string)
        c.TF_StringCopy(string, item, len(item))
    return tensor  # which frees its strings with it


def _to_array(tensor):
    c = _c_api()
    shape = [c.TF_Dim(tensor, i) for i in range(c.TF_NumDims(tensor))]
    dtype = DTYPES[c.TF_TensorType(tensor)]
    start, length = c.TF_TensorData(tensor), c.TF_TensorByteSize(tensor)
    if dtype is np.object_:
        raise NotImplementedError('No signature answers strings.')
    # Without elements there may be no data to point to.
    data = ctypes.string_at(start, length) if length else b''
    c.TF_DeleteTensor(tensor)
    return np.frombuffer(data, dtype).reshape(shape)


def _braces(names):
    return '{' + ','.join(sorted(names)) + '}'


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
