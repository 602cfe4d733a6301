"""Turns JSON into arrays and refuses bad JSON, as TensorFlow Serving does."""

import base64
import json

import numpy as np

from tests.support.cpp_loader import INVALID_ARGUMENT
from tests.support.cpp_loader import Status

TYPES = {np.object_: 'string', np.float32: 'float', np.int32: 'int32'}


def invalid(message):
    return Status(INVALID_ARGUMENT, message)


def from_json(value, dtype):
    """Turns a JSON value into an array, as TensorFlow Serving does.

    The first element of each list decides the shape.

    Args:
        value: The value that `json.loads` returned.
        dtype: NumPy type of the array.

    Raises:
        Status: If an element has another shape or type.
    """
    shape, first = [], value
    while isinstance(first, list):
        shape.append(len(first))
        first = first[0] if first else None
    leaves = list(_leaves(value, shape, 0, dtype))
    if dtype is not np.object_:
        return np.array(leaves, dtype).reshape(shape)
    array = np.empty(len(leaves), dtype)
    array[:] = leaves
    return array.reshape(shape)


def _leaves(value, shape, level, dtype):
    if isinstance(value, list):
        if level >= len(shape):
            raise invalid(
                f'Encountered list at unexpected level: {level} expected < '
                f'{len(shape)}'
            )
        if len(value) != shape[level]:
            raise invalid(
                f'Encountered list at unexpected size: {len(value)} at level: '
                f'{level} expected size: {shape[level]}'
            )
        for item in value:
            yield from _leaves(item, shape, level + 1, dtype)
        return
    said = f'JSON Value: {json.dumps(value)}'
    if level != len(shape):
        raise invalid(
            f'{said} found at incorrect level: {level + 1} in the JSON DOM. '
            f'Expected at level: {len(shape)}'
        )
    if dtype is np.object_ and isinstance(value, dict):
        yield _from_base64(value, said)
        return
    kinds = {np.object_: str, np.float32: (int, float), np.int32: int}
    if (
        not isinstance(value, kinds[dtype])
        or isinstance(value, bool)
        or (dtype is np.int32 and not -(2**31) <= value < 2**31)
    ):
        raise invalid(
            f'{said} Type: {_kind(value)} is not of expected type: '
            f'{TYPES[dtype]}'
        )
    yield value.encode() if isinstance(value, str) else value


def _from_base64(value, said):
    if set(value) != {'b64'} or not isinstance(value['b64'], str):
        raise invalid(f'{said} not formatted correctly for base64 data')
    try:
        return base64.b64decode(value['b64'], validate=True)
    except ValueError:
        raise invalid('Unable to base64 decode') from None


def _kind(value):
    if value is None or isinstance(value, bool):
        return json.dumps(value).title()
    return {dict: 'Object', str: 'String'}.get(type(value), 'Number')
