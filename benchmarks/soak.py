"""Soaks a SavedModel: many threads send good and bad requests for minutes.

The gRPC fake server runs the model. Every answer must be right, the server must
refuse every bad request, and its memory must not grow after the warm-up.
"""

import concurrent.futures
import os
import random
import threading
import time

import numpy as np

from kerasadder.serving import client
from kerasadder.serving import transports
from tests.support import cpp_loader
from tests.support.fake_grpc import fake_grpc
from tests.support.fake_models import Models
from tests.support.photographs import photograph
from tests.support.serving_inputs import INPUTS

THREADS = 8
WARM_UP = 0.25  # share of the time, in which caches and allocators fill up
TOLERANCE = {'rtol': 1e-4, 'atol': 1e-6}


def soak(saved_model, minutes):
    """Sends good and bad requests for some minutes and counts the mistakes.

    Args:
        saved_model: Folder of a SavedModel version.
        minutes: How long to send requests.

    Returns:
        A dict of these entries:

        - `good` and `bad`: the numbers of requests that were sent.
        - `wrong_answers`: the number of wrong answers to good requests.
        - `not_refused`: the number of answers to bad requests.
        - `resident_mib` and `resident_mib_end`: the resident memory after the
          warm-up and at the end, in MiB.
        - `growth`: the relative growth between these two.
    """
    loader = cpp_loader.Loader(saved_model)
    loader.warm_up()
    counts = dict.fromkeys(('good', 'bad', 'wrong_answers', 'not_refused'), 0)
    lock = threading.Lock()
    with (
        fake_grpc(Models({1: loader}, {})) as address,
        client.Client(address, transport='grpc') as server,
    ):
        good = _good_requests(server)
        bad = _bad_requests()
        began = time.monotonic()

        def send(seed):
            choose = random.Random(seed)
            while time.monotonic() - began < 60 * minutes:
                if choose.random() < 0.6:
                    ask, expected = choose.choice(good)
                    kind, failed = 'good', not _equal(ask(server), expected)
                    failure = 'wrong_answers'
                else:
                    kind, failed = (
                        'bad',
                        not _refused(choose.choice(bad), server),
                    )
                    failure = 'not_refused'
                with lock:
                    counts[kind] += 1
                    counts[failure] += failed

        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            threads = [pool.submit(send, seed) for seed in range(THREADS)]
            time.sleep(60 * minutes * WARM_UP)
            before = _resident_mib()
            for thread in threads:
                thread.result()
            after = _resident_mib()
    loader.close()
    return {
        **counts,
        'resident_mib': before,
        'resident_mib_end': after,
        'growth': after / before - 1,
    }


def _good_requests(server):
    """Returns pairs of a good request and the idle server's answer to it."""
    images = INPUTS['serving_default'](20)['image']
    pictures = [photograph(digit, 0, 400, 300) for digit in range(10)]
    asks = []
    for count in (1, 3, 20):
        numbers = np.arange(count) % 10
        asks.append(
            lambda server, n=numbers: server.predict(images[: len(n)], n)
        )
    for start in range(8):
        some = pictures[start : start + 2]
        asks.append(lambda server, some=some: server.classify(some, 7))
    return [(ask, ask(server)) for ask in asks]


def _bad_requests():
    images = INPUTS['serving_default'](3)['image']
    picture = photograph(3, 0, 400, 300)
    bomb = b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR' + b'\0\0\x75\x30' * 2 + bytes(9)
    return [
        lambda server: server.predict(images + 300, [1, 2, 3]),
        lambda server: server.predict(images * np.nan, [1, 2, 3]),
        lambda server: server.predict(images[:, :14], [1, 2, 3]),
        lambda server: server.classify([b'', picture], [1, 2]),
        lambda server: server.classify([picture, b'no picture'], [1, 2]),
        lambda server: server.classify([picture[: len(picture) // 3]], 1),
        lambda server: server.classify([bomb], 1),
        lambda server: server.classify([picture], 10),
        lambda server: server.classify([picture], -1),
    ]


def _equal(answer, expected):
    return all(
        np.allclose(answer[name], expected[name], **TOLERANCE)
        for name in expected
    )


def _refused(ask, server):
    try:
        ask(server)
    except transports.InvalidArgument as error:
        return bool(str(error))
    return False


def _resident_mib():
    with open('/proc/self/statm', encoding='utf-8') as file:
        pages = int(file.read().split()[1])
    return pages * os.sysconf('SC_PAGE_SIZE') / 2**20
