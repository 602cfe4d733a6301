"""Client of a TensorFlow Serving that serves the exported model."""

import os
import pathlib
import re
import time
from collections.abc import Sequence

import numpy as np

from kerasadder.errors import UserError
from kerasadder.serving import transports
from kerasadder.serving.limits import MAX_EXAMPLES
from kerasadder.serving.transports import DeadlineExceeded
from kerasadder.serving.transports import InvalidArgument
from kerasadder.serving.transports import NotFound
from kerasadder.serving.transports import ServingError
from kerasadder.serving.transports import Unavailable
from kerasadder.task import INPUTS
from kerasadder.task import NUM_NUMBERS
from kerasadder.task import OUTPUTS

# Dtype and shape after the batch of what the signatures answer.
PROBABILITIES = {name: ('float32', shape) for name, shape in OUTPUTS.items()}
LABELS = {f'{output}_label': ('int32', ()) for output in PROBABILITIES}

BACKOFF = 0.1  # seconds before the first retry, twice as long before each next


class Client:
    """Asks a server for digits and sums, over REST or gRPC.

    One client may be used from several threads at once. At the end of a `with`
    it closes its connection. It sends `limits.MAX_EXAMPLES` examples a request,
    and joins the answers if there are more.

    Example:
    >>> with kerasadder.Client(address='localhost:8501') as client:
    ...     answer = client.classify(['photo.jpg'], numbers=7)
    >>> answer['digit_label'], answer['sum_label']
    (array([5], dtype=int32), array([12], dtype=int32))

    Args:
        address: 'host:port'; by default localhost with the server's own port,
            8501 for REST and 8500 for gRPC.
        model: The name under which the server has the model.
        version: Which version to ask, an integer; by default the server's
            latest.
        label: Which version to ask, by its label instead: 'stable'.
        transport: 'rest' or 'grpc'.
        timeout: Seconds that one attempt of a request may take.
        retries: Further attempts of a request if no server answers or all its
            threads are busy, and only then.

    Raises:
        UserError: If the arguments do not go together, or the library of the
            transport is not installed.
    """

    def __init__(
        self,
        address: str | None = None,
        model: str = 'kerasadder',
        version: int | None = None,
        label: str | None = None,
        transport: str = 'rest',
        timeout: float = 10.0,
        retries: int = 3,
    ):
        if transport not in ('rest', 'grpc'):
            raise UserError(f"transport: 'rest' or 'grpc', not {transport!r}.")
        if version is not None and label is not None:
            raise UserError('version and label: give one of them.')
        port = {'rest': 8501, 'grpc': 8500}[transport]
        self._address = address or f'localhost:{port}'
        check_address(self._address)
        self._wanted = f'model {model}'
        if version is not None or label is not None:
            which = label if version is None else version
            self._wanted = f'version {which} of {self._wanted}'
        self._timeout, self._retries = timeout, retries
        kind = {'rest': transports.Rest, 'grpc': transports.Grpc}[transport]
        self._transport = kind(self._address, model, version, label, timeout)

    def __enter__(self) -> 'Client':
        return self

    def __exit__(self, *unused_error):
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._transport.close()

    def predict(
        self, images: np.ndarray, numbers: Sequence[int] | int
    ) -> dict[str, np.ndarray]:
        """Asks for the sums of MNIST images and numbers: `serving_default`.

        Args:
            images: Array `(n, 28, 28, 1)`, pixel values 0..255.
            numbers: Integers `(n,)`, or one for all images, each 0..9.

        Returns:
            A dict of float32 arrays: `digit` `(n, 10)`, P(digit | image), and
            `sum` `(n, 19)`, P(digit + number | image, number).

        Raises:
            UserError: If there is not one number 0..9 an image.
            InvalidArgument: If the server refuses the request.
            Unavailable: If no server answers, retries and all.
            ServingError: If the server has no such model or version, is too
                slow, or answers something else.
        """
        images = np.asarray(images, np.float32)
        numbers = _one_each(numbers, len(images))
        if not np.isin(numbers, range(NUM_NUMBERS)).all():
            raise UserError(
                f'numbers: each 0..{NUM_NUMBERS - 1}, not {numbers.tolist()}.'
            )
        one_hot = np.eye(NUM_NUMBERS, dtype=np.float32)[numbers]
        inputs = {'image': images, 'number': one_hot}
        return self._ask('serving_default', inputs, PROBABILITIES)

    def classify(
        self,
        pictures: Sequence[bytes | str | os.PathLike],
        numbers: Sequence[int] | int,
    ) -> dict[str, np.ndarray]:
        """Asks for the digits in pictures of any size: `classify_bytes`.

        Args:
            pictures: n pictures, PNG, JPEG, GIF or BMP: each its bytes or the
                path of its file.
            numbers: Integers `(n,)`, or one for all pictures.

        Returns:
            What `predict` returns, and the int32 arrays `digit_label` `(n,)`
            and `sum_label` `(n,)`, the most probable digit and sum.

        Raises:
            OSError: If a file cannot be read.
            UserError: As `predict` raises it. Bytes that are not a picture and
                numbers outside 0..9 are for the server to refuse.
        """
        contents = [
            p if isinstance(p, bytes) else pathlib.Path(p).read_bytes()
            for p in pictures
        ]
        numbers = _one_each(numbers, len(contents))
        inputs = {'image': np.array(contents, object), 'number': numbers}
        return self._ask('classify_bytes', inputs, PROBABILITIES | LABELS)

    def _ask(self, signature, inputs, outputs):
        count = len(inputs['image'])
        if count == 0:
            # REST cannot say the shape (0, 28, 28, 1): its JSON is just [].
            return {
                name: np.empty((0, *shape), dtype)
                for name, (dtype, shape) in outputs.items()
            }
        parts = [
            self._ask_part(signature, inputs, outputs, start)
            for start in range(0, count, MAX_EXAMPLES)
        ]
        return {
            name: np.concatenate([part[name] for part in parts])
            for name in outputs
        }

    def _ask_part(self, signature, inputs, outputs, start):
        part = slice(start, start + MAX_EXAMPLES)
        inputs = {name: array[part] for name, array in inputs.items()}
        try:
            reply = self._call(signature, inputs)
        except InvalidArgument as error:
            raise InvalidArgument(_counted_from(start, str(error))) from None
        return self._checked(reply, outputs, len(inputs['image']))

    def _checked(self, reply, outputs, count):
        answer = {}
        for name, (dtype, shape) in outputs.items():
            try:
                answer[name] = np.asarray(reply[name]).astype(dtype)
            except KeyError:
                problem = 'is not there'
            except (TypeError, ValueError):
                problem = 'is not of numbers'
            else:
                if answer[name].shape == (count, *shape):
                    continue
                problem = f'has the shape {answer[name].shape}'
            raise ServingError(
                f"{self._address}: the reply's {name} {problem}; it must be "
                f'{dtype} {(count, *shape)}.'
            )
        return answer

    def _call(self, signature, inputs):
        try:
            for retry in range(self._retries):
                try:
                    return self._transport.call(signature, inputs)
                except Unavailable:
                    time.sleep(BACKOFF * 2**retry)
            return self._transport.call(signature, inputs)
        except ServingError as error:
            message = f'{self._address}: {self._explain(error)}'
            raise type(error)(message) from None

    def _explain(self, error):
        """Says what was asked, where the transport's error alone does not."""
        if isinstance(error, Unavailable):
            return (
                f'no TensorFlow Serving answers, asked {self._retries + 1} '
                f'times ({error})'
            )
        if isinstance(error, NotFound):
            return f'serves no {self._wanted} ({error})'
        if isinstance(error, DeadlineExceeded):
            return f'no answer within {self._timeout:g} s.'
        return error


def check_address(address: str) -> None:
    """Raises a `UserError` unless it is 'host:port'."""
    if not re.fullmatch(r'[^/\s]+:\d+', address):
        raise UserError(f'address: host:port, not {address!r}.')


def _counted_from(start, message):
    """Shifts the indices in the message on a part that starts there."""
    return re.sub(
        rf'\b({"|".join(INPUTS)})\[(\d+)\]',
        lambda said: f'{said[1]}[{start + int(said[2])}]',
        message,
    )


def _one_each(numbers, count):
    """Returns the numbers as an int32 array `(count,)`."""
    numbers = np.asarray(numbers)
    if numbers.size == 0:
        numbers = numbers.astype(np.int32)  # np.asarray([]) is of floats
    if numbers.shape not in ((), (count,)) or numbers.dtype.kind not in 'iu':
        raise UserError(f'numbers: one integer, or {count}: one an image.')
    int32 = numbers.astype(np.int32)
    if (int32 != numbers).any():
        raise UserError(f'numbers: of 32 bits, not {numbers.tolist()}.')
    return np.broadcast_to(int32, count)
