"""Carries requests to TensorFlow Serving and back, over REST or gRPC.

A transport imports its library when it is used, and REST never imports
TensorFlow, so a small program starts fast. Both transports have the same two
methods and raise the same errors; `client.Client` puts them into words.
"""

import base64
import json
import re
import urllib.parse

from kerasadder.errors import UserError


class ServingError(UserError):
    """The server, or what is at its address, gave no usable answer."""


class InvalidArgument(ServingError):
    """The server refused the request, and would refuse it again."""


class NotFound(ServingError):
    """The server has no such model, or not that version of it."""


class DeadlineExceeded(ServingError):
    """The answer did not come in time."""


class Unavailable(ServingError):
    """No server answers at the address, or it cannot answer now."""


class Rest:
    """Asks over the REST API of TensorFlow Serving, in its columnar format.

    Args:
        address: 'host:port'.
        model: The model's name.
        version: An integer, or None.
        label: A string, or None.
        timeout: Seconds that one call may take.

    Raises:
        UserError: If `requests` is not installed.
    """

    def __init__(self, address, model, version, label, timeout):
        try:
            import requests
        except ImportError:
            raise _missing('requests') from None
        path = f'/v1/models/{urllib.parse.quote(model, safe="")}'
        if version is not None:
            path += f'/versions/{version}'
        if label is not None:
            path += f'/labels/{urllib.parse.quote(label, safe="")}'
        self._url = f'http://{address}{path}:predict'
        self._timeout = timeout
        self._errors = requests.exceptions
        self._session = requests.Session()

    def close(self):
        self._session.close()

    def call(self, signature, inputs):
        """Runs a signature.

        Args:
            signature: Its name.
            inputs: A dict of arrays, those of `bytes` of dtype object.

        Returns:
            A dict of arrays or nested lists.

        Raises:
            ServingError: One of its subclasses where they say what happened.
        """
        body = {
            'signature_name': signature,
            'inputs': {name: _columns(array) for name, array in inputs.items()},
        }
        try:
            response = self._session.post(
                self._url, json.dumps(body), timeout=self._timeout
            )
        except self._errors.Timeout:
            raise DeadlineExceeded from None
        # urllib3 refuses some host names by a ValueError.
        except (self._errors.RequestException, ValueError) as error:
            # Of a connection that fails, the reason is what is worth reading.
            reason = getattr(error.args[0], 'reason', error)
            raise Unavailable(_one_line(reason)) from None
        status = response.status_code
        # 502 is how a proxy says that the server behind it is down, 429 is
        # gRPC's RESOURCE_EXHAUSTED.
        if status in (429, 502, 503):
            raise Unavailable(f'HTTP {status}')
        if status == 504:
            raise DeadlineExceeded
        try:
            reply = response.json()
        except ValueError:
            reply = None
        if not isinstance(reply, dict):
            raise ServingError(
                'the reply is not JSON of TensorFlow Serving '
                f'(HTTP {status}, {_one_line(response.text)[:60]!r})'
            )
        if 'error' not in reply:
            outputs = reply.get('outputs')
            return outputs if isinstance(outputs, dict) else {}
        message = _one_line(reply['error'])
        if status == 404:
            raise NotFound(message)
        if status == 400:
            raise _refusal(message)
        raise ServingError(f'HTTP {status}: {message}')


class Grpc:
    """Asks over gRPC; the interface is the interface of `Rest`.

    Raises:
        UserError: If `tensorflow-serving-api` is not installed.
    """

    def __init__(self, address, model, version, label, timeout):
        try:
            import grpc
            from tensorflow_serving.apis import predict_pb2
            from tensorflow_serving.apis import prediction_service_pb2_grpc
        except ImportError:
            raise _missing('tensorflow-serving-api') from None
        self._grpc = grpc
        self._request = predict_pb2.PredictRequest()
        self._request.model_spec.name = model
        if version is not None:
            self._request.model_spec.version.value = version
        if label is not None:
            self._request.model_spec.version_label = label
        self._timeout = timeout
        self._channel = grpc.insecure_channel(
            address,
            options=[
                # By default a channel that failed does not even try for a
                # second, and the client's retries would be over by then.
                ('grpc.initial_reconnect_backoff_ms', 100),
                ('grpc.min_reconnect_backoff_ms', 100),
                ('grpc.max_reconnect_backoff_ms', 100),
            ],
        )
        self._service = prediction_service_pb2_grpc.PredictionServiceStub(
            self._channel
        )

    def close(self):
        self._channel.close()

    def call(self, signature, inputs):
        import tensorflow as tf

        request = type(self._request)()
        request.CopyFrom(self._request)
        request.model_spec.signature_name = signature
        for name, array in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
        try:
            response = self._service.Predict(request, timeout=self._timeout)
        except self._grpc.RpcError as error:
            raise self._error(error.code(), error.details()) from None
        return {
            name: tf.make_ndarray(tensor)
            for name, tensor in response.outputs.items()
        }

    def _error(self, code, details):
        codes, message = self._grpc.StatusCode, _one_line(details)
        # Serving says the latter while all its threads are answering others.
        if code in (codes.UNAVAILABLE, codes.RESOURCE_EXHAUSTED):
            return Unavailable(message)
        if code is codes.DEADLINE_EXCEEDED:
            return DeadlineExceeded()
        if code is codes.NOT_FOUND:
            return NotFound(message)
        # Serving says the latter of a signature that is not there; over REST
        # both are 400.
        if code in (codes.INVALID_ARGUMENT, codes.FAILED_PRECONDITION):
            return _refusal(message)
        return ServingError(f'{code.name}: {message}')


def _refusal(message):
    # To Serving an unknown label is a bad argument, an unknown version is not.
    if 'servable version label' in message:
        return NotFound(message)
    return InvalidArgument(message)


def _columns(array):
    """Returns an array as JSON has it, bytes as TensorFlow Serving wants."""
    if array.dtype == object:
        return [{'b64': base64.b64encode(item).decode()} for item in array]
    return array.tolist()


def _one_line(message):
    """Returns what an assertion or an operation said, without the place."""
    said = re.search(r'assertion failed: \[(.*)\]', str(message))
    if said:
        return said[1]
    return ' '.join(str(message).split()).partition(' [[{{')[0]


def _missing(package):
    return UserError(f"{package} is not installed: pip install -e '.[serving]'")
