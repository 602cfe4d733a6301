"""Measures the requests per second and the latencies of a SavedModel."""

import contextlib
import functools
import time

import numpy as np
import tensorflow as tf

from kerasadder.serving import client
from kerasadder.serving import formats
from kerasadder.serving import model_files
from kerasadder.serving.folding import folded
from kerasadder.task import INPUTS
from kerasadder.task import OUTPUTS

# Pairs of a signature and the number of images in a request.
REQUESTS = (
    ('serving_default', 1),
    ('serving_default', 32),
    ('serving_default', 256),
    ('classify_bytes', 1),
)
WARM_UP = 3  # requests of each kind that come first and are not timed
TURN = 0.4  # seconds


def in_process(saved_model, images, seconds):
    """Times calls of the signatures in this process.

    A call takes and returns NumPy arrays.

    Args:
        saved_model: Folder of a SavedModel version.
        images: uint8 array `(n, 28, 28, 1)`, n at least 256.
        seconds: How long to send each kind of request.

    Returns:
        A dict from '<signature> <batch>' to the dict that `latencies` returns.
    """
    loaded = tf.saved_model.load(saved_model)

    def ask(signature, inputs):
        outputs = loaded.signatures[signature](
            **{name: tf.constant(value) for name, value in inputs.items()}
        )
        return {name: output.numpy() for name, output in outputs.items()}

    results = {}
    for signature, batch in REQUESTS:
        some, numbers = images[:batch], np.arange(batch) % 10
        if signature == 'serving_default':
            inputs = {
                'image': some.astype(np.float32),
                'number': np.eye(10, dtype=np.float32)[numbers],
            }
        else:
            inputs = {
                'image': [tf.io.encode_png(image).numpy() for image in some],
                'number': numbers.astype(np.int32),
            }
        results[f'{signature} {batch}'] = latencies(
            lambda signature=signature, inputs=inputs: ask(signature, inputs),
            batch,
            seconds,
        )
    return results


def through(address, transport, images, seconds):
    """Times requests to a server, which are sent one after another.

    Args:
        address: 'host:port' of the server.
        transport: 'rest' or 'grpc'.
        images: The same as for `in_process`.
        seconds: The same as for `in_process`.

    Returns:
        A dict as `in_process` returns it.

    Raises:
        UserError: If the server does not answer, or refuses a request.
    """
    results = {}
    with client.Client(address, transport=transport) as server:
        for signature, batch in REQUESTS:
            some, numbers = images[:batch], np.arange(batch) % 10
            ask, given = server.predict, some
            if signature == 'classify_bytes':
                ask = server.classify
                given = [tf.io.encode_png(image).numpy() for image in some]
            results[f'{signature} {batch}'] = latencies(
                lambda ask=ask, given=given, numbers=numbers: ask(
                    given, numbers
                ),
                batch,
                seconds,
            )
    return results


def against_onnx(saved_model, onnx, images, seconds):
    """Times the signature `serving_default` and ONNX Runtime in turns.

    Beside both it times what the signature's time goes into: its network
    without the checks of the inputs, and a function that computes nothing.

    Args:
        saved_model: The same as for `in_process`.
        onnx: An .onnx file of the same model.
        images: The same as for `in_process`.
        seconds: How long to call all four with each number of images.

    Returns:
        A dict from '<n> images' to the medians of the time that a call takes,
        `serving_default_ms`, `network_ms`, `nothing_ms` and `onnx_runtime_ms`;
        and the `ratio` of the first to the last.
    """
    functions = {
        'serving_default': tf.saved_model.load(saved_model).signatures[
            'serving_default'
        ],
        'network': _compile(folded(model_files.load_model(saved_model))),
        'nothing': _compile(_nothing),
    }
    onnx_answer = formats.load(onnx)

    results = {}
    for batch in (1, 32, 256):
        inputs = {
            'image': images[:batch].astype(np.float32),
            'number': np.eye(10, dtype=np.float32)[np.arange(batch) % 10],
        }
        asks = {
            name: functools.partial(call, function, inputs)
            for name, function in functions.items()
        }
        asks['onnx_runtime'] = functools.partial(onnx_answer, **inputs)
        took = in_turns(asks, seconds)
        results[f'{batch} images'] = {
            f'{name}_ms': 1000 * median for name, median in took.items()
        } | {'ratio': took['serving_default'] / took['onnx_runtime']}
    return results


def call(function, inputs):
    """Calls a signature with arrays, and waits for the arrays it returns."""
    outputs = function(
        **{name: tf.constant(value) for name, value in inputs.items()}
    )
    return {name: output.numpy() for name, output in outputs.items()}


def _compile(function):
    specs = {
        name: tf.TensorSpec((None, *shape), name=name)
        for name, shape in INPUTS.items()
    }
    compiled = tf.function(lambda **inputs: function(inputs))
    return compiled.get_concrete_function(**specs)


def _nothing(inputs):
    count = tf.shape(inputs['image'])[0]
    return {name: tf.zeros((count, *shape)) for name, shape in OUTPUTS.items()}


def in_turns(asks, seconds):
    """Times functions without arguments, and calls them in turns.

    A turn lasts `TURN` seconds, and its second half counts. ONNX Runtime's
    threads spin after a call, and slow down what follows for some 50 ms.

    Args:
        asks: A dict from names to functions.
        seconds: How long; one turn of each at the least.

    Returns:
        A dict from the names to the median time of a call, seconds.
    """
    took = {name: [] for name in asks}
    end = time.perf_counter() + seconds
    while not all(took.values()) or time.perf_counter() < end:
        for name, ask in asks.items():
            _call_for(TURN / 2, ask)
            took[name] += _call_for(TURN / 2, ask)
    return {name: float(np.median(times)) for name, times in took.items()}


def _call_for(seconds, ask):
    """Calls a function for some seconds, at least once, and times each call."""
    took = []
    end = time.perf_counter() + seconds
    while not took or time.perf_counter() < end:
        began = time.perf_counter()
        ask()
        took.append(time.perf_counter() - began)
    return took


@contextlib.contextmanager
def fake_servers(saved_model):
    """Serves a SavedModel with the fake servers of the tests.

    Args:
        saved_model: Folder of a SavedModel version.

    Yields:
        A dict from the transports 'grpc' and 'rest' to addresses.
    """
    from tests.support import cpp_loader
    from tests.support.fake_grpc import fake_grpc
    from tests.support.fake_models import Models
    from tests.support.fake_rest import fake_rest

    loader = cpp_loader.Loader(saved_model)
    loader.warm_up()
    models = Models({1: loader}, {})
    with (
        fake_grpc(models) as grpc,
        fake_rest(models) as rest,
    ):
        yield {'grpc': grpc, 'rest': rest}
    loader.close()


def latencies(ask, batch, seconds):
    """Calls a function repeatedly, one call at a time, and times each call.

    Args:
        ask: A function without arguments.
        batch: Number of images in a call.
        seconds: How long to call the function; at least one call.

    Returns:
        A dict of `requests_per_second`, `images_per_second`, and the 50th and
        99th percentile of the time of a call, `p50_ms` and `p99_ms`.
    """
    for _ in range(WARM_UP):
        ask()
    took, end = [], time.perf_counter() + seconds
    while not took or time.perf_counter() < end:
        began = time.perf_counter()
        ask()
        took.append(time.perf_counter() - began)
    p50, p99 = np.percentile(took, (50, 99))
    rate = len(took) / sum(took)
    return {
        'requests_per_second': rate,
        'images_per_second': batch * rate,
        'p50_ms': 1000 * float(p50),
        'p99_ms': 1000 * float(p99),
    }
