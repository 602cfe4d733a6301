"""Fakes TensorFlow Serving over REST; `fake_models` says what is fake."""

import contextlib
import http.server
import json
import re
import socket
import threading
import urllib.parse

from tests.support.cpp_loader import FAILED_PRECONDITION
from tests.support.cpp_loader import INVALID_ARGUMENT
from tests.support.cpp_loader import NOT_FOUND
from tests.support.cpp_loader import Status
from tests.support.fake_json import from_json
from tests.support.fake_json import invalid

# The HTTP status that Serving sends for each error code.
HTTP = {INVALID_ARGUMENT: 400, NOT_FOUND: 404, FAILED_PRECONDITION: 400}
# libevent's answer for a path that Serving does not handle.
UNKNOWN_PATH = b'<html><head><title>404 Not Found</title></head></html>\n'
PLAIN = (
    '{} is a plain {}, but expecting {} as multiple input tensors required as '
    'per tensorinfo_map'
)


class _Handler(http.server.BaseHTTPRequestHandler):
    """Speaks HTTP; the function `answer` decides on the replies."""

    protocol_version = 'HTTP/1.1'
    # Nagle's algorithm would hold the body back until the client acknowledges
    # the headers, which takes 40 ms.
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.server.connections.append(self.connection)

    def do_GET(self):
        self._reply(*self.answer('GET', self.path, b''))

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        try:
            reply = self.answer('POST', self.path, body)
        except RecursionError:
            # A body that is nested this deep overflows the real server's stack.
            self.server.die()
        else:
            self._reply(*reply)

    def _reply(self, status, content):
        kind = 'text/html' if content[:1] == b'<' else 'application/json'
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *unused_arguments):
        """Keeps the console of the tests quiet."""


class _Server(http.server.ThreadingHTTPServer):
    def __init__(self, *arguments):
        self.connections = []
        super().__init__(*arguments)

    def die(self):
        """Closes the port and all connections, as a killed process does."""
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            with contextlib.suppress(OSError):  # the client closed it before
                connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def rest_server(answer, port=0):
    """Serves a function over HTTP.

    Args:
        answer: A function that takes the method, the path and the body of a
            request and returns the status and the content of the reply.
        port: Port number; 0 for a free one.

    Yields:
        The address, 'host:port'.
    """
    handler = type('Handler', (_Handler,), {'answer': staticmethod(answer)})
    server = _Server(('localhost', port), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f'localhost:{server.server_port}'
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def fake_rest(models):
    """Serves models over REST, as TensorFlow Serving does.

    Args:
        models: `fake_models.Models`.

    Returns:
        A context manager that yields 'host:port'.
    """

    def answer(method, path, body):
        if not path.lower().startswith('/v1/'):
            return 404, UNKNOWN_PATH
        try:
            reply = _answer(models, method, path, body)
        except Status as error:
            status = HTTP.get(error.code, 500)
            return status, json.dumps({'error': error.message}).encode()
        return 200, json.dumps(reply).encode()

    return rest_server(answer)


def _answer(models, method, path, body):
    match = re.fullmatch(
        r'/v1/models/([^/:]+)(?:/versions/(\d+)|/labels/([^/:]+))?(:predict)?',
        path,
        re.IGNORECASE,
    )
    if not match or bool(match[4]) != (method == 'POST'):
        raise invalid(f'Malformed request: {method} {path}')
    name, label = (match[i] and urllib.parse.unquote(match[i]) for i in (1, 3))
    version = int(match[2]) if match[2] else None
    if method == 'GET':
        status = {'error_code': 'OK', 'error_message': ''}
        return {
            'model_version_status': [
                {'version': str(v), 'state': state, 'status': status}
                for v, state in models.states(name, version)
            ]
        }
    try:
        request = json.loads(body)
    except ValueError as error:
        raise invalid(f'JSON Parse error: {error}') from None
    if not isinstance(request, dict):
        raise invalid(f'JSON Value: {json.dumps(request)} Is not object')
    _, loader = models.find(name, version, label)
    signature = request.get('signature_name', 'serving_default')
    try:
        dtypes = loader.inputs(signature)
    except Status:
        raise invalid(
            f'Serving signature name: "{signature}" not found in signature def'
        ) from None

    def run(inputs):
        return models.run(loader, signature, inputs)

    if 'instances' in request:
        return _rows(run, request['instances'], dtypes)
    if 'inputs' in request:
        return _columns(run, request['inputs'], dtypes)
    raise invalid("Missing 'inputs' or 'instances' key")


def _columns(run, inputs, dtypes):
    if not isinstance(inputs, dict) or set(inputs) == {'b64'}:
        if len(dtypes) > 1:
            raise invalid(PLAIN.format('inputs', 'value/list', 'an object'))
        inputs = dict.fromkeys(dtypes, inputs)
    for name in dtypes:
        if name not in inputs:
            raise invalid(f"Missing named input: {name} in 'inputs' object.")
    outputs = run({k: from_json(inputs[k], v) for k, v in dtypes.items()})
    if len(outputs) == 1:
        return {'outputs': next(iter(outputs.values())).tolist()}
    return {'outputs': {k: v.tolist() for k, v in outputs.items()}}


def _rows(run, rows, dtypes):
    if not isinstance(rows, list):
        # This misspelt message is the real server's.
        raise invalid("Excepting 'instances' to be an list/array")
    if not rows:
        raise invalid("No values in 'instances' array")
    if not isinstance(rows[0], dict):
        if len(dtypes) > 1:
            raise invalid(PLAIN.format('instances', 'list', 'list of objects'))
        rows = [dict.fromkeys(dtypes, row) for row in rows]
    for i, row in enumerate(rows):
        if not isinstance(row, dict) or set(row) != set(dtypes):
            raise invalid(
                f"Failed to process element: {i} of 'instances' list. JSON "
                f'object: {json.dumps(row)} keys must be equal to: '
                f'{",".join(sorted(dtypes))}'
            )
    inputs = {
        name: from_json([row[name] for row in rows], dtype)
        for name, dtype in dtypes.items()
    }
    outputs = run(inputs)
    return {
        'predictions': [
            {name: array[i].tolist() for name, array in outputs.items()}
            for i in range(len(rows))
        ]
    }
