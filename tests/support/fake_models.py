"""What the fake servers serve: `fake_grpc` and `fake_rest`.

They stand in for TensorFlow Serving where the real server cannot be had. What
is real: the C++ runtime that runs the SavedModel (`cpp_loader`) and the
definitions of the gRPC services. What is imitated, from the server's source and
from what version 2.20.0 was seen to do: the paths and JSON of REST, the errors
and their messages, the versions that it remembers, the limit of its threads,
and what kills or wedges it. What is not there at all: polling for new versions,
metrics, running requests together. `Loader.warm_up` warms up.
"""

import collections
import threading

from tests.support.cpp_loader import INVALID_ARGUMENT
from tests.support.cpp_loader import NOT_FOUND
from tests.support.cpp_loader import Status

FOR_EVER = 30  # seconds, to a test


class Models:
    """What a fake server serves, all under the name kerasadder.

    Args:
        versions: A dict from version to `Loader`.
        labels: A dict from label to version.
        batching: Whether the server was started with `--enable_batching`.
    """

    def __init__(self, versions, labels, batching=False):
        self._versions, self._labels = dict(versions), labels
        self._states = dict.fromkeys(versions, 'AVAILABLE')
        self._batching, self._lock = batching, threading.Lock()
        self._filled = collections.defaultdict(threading.Event)

    def remove(self, version):
        """Unloads a version; as Serving does, it keeps it in mind."""
        del self._versions[version]
        self._states[version] = 'END'

    def find(self, name, version=None, label=None):
        """Returns a version and its Loader, by default the latest."""
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
        """Returns pairs of version and state, the highest version first."""
        states = self._states if name == 'kerasadder' else {}
        if version is not None:
            states = {v: states[v] for v in states if v == version}
        if not states:
            which = 'any versions' if version is None else f'version {version}'
            raise Status(NOT_FOUND, f'Could not find {which} of model {name}')
        return sorted(states.items(), reverse=True)

    def run(self, loader, signature, inputs):
        """Runs a signature as `Loader.run` does.

        With batching a request of no examples gets no answer until another one
        of that signature has some: so does Serving 2.20.0.
        """
        if self._batching:
            with self._lock:
                filled = self._filled[signature]
                if all(map(len, inputs.values())):
                    del self._filled[signature]
                    filled.set()
            filled.wait(FOR_EVER)
        return loader.run(signature, inputs)
