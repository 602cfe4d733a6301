"""Fakes TensorFlow Serving over gRPC; `fake_models` says what is fake."""

import concurrent.futures
import contextlib
import threading

import grpc
from tensorflow_serving.apis import get_model_status_pb2
from tensorflow_serving.apis import model_service_pb2_grpc
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis import prediction_service_pb2_grpc

from tests.support.cpp_loader import INVALID_ARGUMENT
from tests.support.cpp_loader import Status

CODES = {code.value[0]: code for code in grpc.StatusCode}


class _FakeServer(
    prediction_service_pb2_grpc.PredictionServiceServicer,
    model_service_pb2_grpc.ModelServiceServicer,
):
    def __init__(self, models, threads):
        self._models = models
        self._threads = threading.Semaphore(threads)

    def Predict(self, request, context):
        import tensorflow as tf

        spec = request.model_spec
        signature = spec.signature_name or 'serving_default'
        with self._answering(context):
            version, loader = self._models.find(*_model_spec(spec))
            inputs = {}
            for name, tensor in request.inputs.items():
                try:
                    inputs[name] = tf.make_ndarray(tensor)
                except (TypeError, ValueError):
                    raise Status(
                        INVALID_ARGUMENT, f'tensor parsing error: {name}'
                    ) from None
            outputs = self._models.run(loader, signature, inputs)
            response = predict_pb2.PredictResponse()
            response.model_spec.name = spec.name
            response.model_spec.version.value = version
            response.model_spec.signature_name = signature
            for name, array in outputs.items():
                response.outputs[name].CopyFrom(tf.make_tensor_proto(array))
            return response

    def GetModelStatus(self, request, context):
        name, version, _ = _model_spec(request.model_spec)
        with self._answering(context):
            states = self._models.states(name, version)
            return get_model_status_pb2.GetModelStatusResponse(
                model_version_status=[
                    {'version': version, 'state': state}
                    for version, state in states
                ]
            )

    @contextlib.contextmanager
    def _answering(self, context):
        if not self._threads.acquire(blocking=False):
            context.abort(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                'Server Threadpool Exhausted',
            )
        try:
            yield
        except Status as error:
            context.abort(CODES[error.code], error.message)
        finally:
            self._threads.release()


def _model_spec(spec):
    version = spec.version.value if spec.HasField('version') else None
    return spec.name, version, spec.version_label


@contextlib.contextmanager
def grpc_server(servicer, port=0):
    """Serves the gRPC services for prediction and model status.

    Args:
        servicer: An object that implements both services.
        port: Port number; 0 for a free one.

    Yields:
        The address, 'host:port'.
    """
    executor = concurrent.futures.ThreadPoolExecutor(100)
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


def fake_grpc(models, threads=64):
    """Serves models over gRPC, as TensorFlow Serving does.

    Args:
        models: `fake_models.Models`.
        threads: How many calls the server answers at once, like Serving's flag
            `--grpc_max_threads`.

    Returns:
        A context manager that yields 'host:port'.
    """
    return grpc_server(_FakeServer(models, threads))
