"""Holds the models that the fake servers `fake_grpc` and `fake_rest` serve.

The fake servers replace TensorFlow Serving where the real server is missing.

- Real: the C++ runtime that runs the SavedModel (`cpp_loader`), and the
  definitions of the gRPC services.
- Imitated, after the server's source and the behaviour of version 2.20.0: the
  paths and the JSON of REST, the errors and their messages, the memory of
  unloaded versions, the limit of threads, and the requests that kill or wedge
  the server.
- Missing: polling for new versions, metrics, and running several requests as
  one batch. A fake server does not warm up; `Loader.warm_up` does.
"""

import collections
import threading

from tests.support.cpp_loader import INVALID_ARGUMENT
from tests.support.cpp_loader import NOT_FOUND
from tests.support.cpp_loader import Status

FOR_EVER = 30  # seconds; for a test this is as long as for ever


class Models:
    """Holds the versions of the model kerasadder that a fake server serves.

    Args:
        versions: A dict from version number to `Loader`.
        labels: A dict from label to version number.
        batching: Whether the server has the flag `--enable_batching`.
    """

    def __init__(self, versions, labels, batching=False):
        self._versions, self._labels = dict(versions), labels
        self._states = dict.fromkeys(versions, 'AVAILABLE')
        self._batching, self._lock = batching, threading.Lock()
        self._filled = collections.defaultdict(threading.Event)

    def remove(self, version):
        """Unloads a version; like Serving, it still reports its status."""
        del self._versions[version]
        self._states[version] = 'END'

    def find(self, name, version=None, label=None):
        """Finds a version, by default the latest one.

        Returns:
            The version number and its `Loader`.

        Raises:
            Status: If the model has no such version or label.
        """
        if label:
            if label not in self._labels:
                raise Status(
                    INVALID_ARGUMENT,
                    f'Unrecognized servable version label: {label}',
                )
            version = self._labels[label]
        wanted = f'Specific({name}, {version})'
        if version is None:
            wanted, version = f'Latest({name})', max(self._versions)
        if name != 'kerasadder' or version not in self._versions:
            raise Status(NOT_FOUND, f'Servable not found for request: {wanted}')
        return version, self._versions[version]

    def states(self, name, version=None):
        """Returns pairs of a version and its state, the highest first.

        Raises:
            Status: If the model has no such version.
        """
        states = self._states if name == 'kerasadder' else {}
        if version is not None:
            states = {v: states[v] for v in states if v == version}
        if not states:
            which = 'any versions' if version is None else f'version {version}'
            raise Status(NOT_FOUND, f'Could not find {which} of model {name}')
        return sorted(states.items(), reverse=True)

    def run(self, loader, signature, inputs):
        """Runs a signature as `Loader.run` does.

        With batching, a request without examples waits until a request with
        examples comes for the same signature. Serving 2.20.0 does the same.
        """
        if self._batching:
            with self._lock:
                filled = self._filled[signature]
                if all(map(len, inputs.values())):
                    del self._filled[signature]
                    filled.set()
            filled.wait(FOR_EVER)
        return loader.run(signature, inputs)
