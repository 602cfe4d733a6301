"""Tests that the model refuses malformed requests and then answers good ones.

The requests go to the C++ runtime, so no Python code can catch the mistakes.
"""

import functools
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from tests.support import cpp_loader
from tests.support.serving_inputs import INPUTS

BATCH = 4
INDEX = st.integers(0, BATCH - 1)
NAME = st.sampled_from(['image', 'number'])
SHAPE = st.lists(st.sampled_from([0, 1, 2, 10, 27, 28]), max_size=5).filter(
    lambda shape: math.prod(shape) < 5000
)
IN_KIND = [
    st.tuples(st.just('shape'), NAME, SHAPE),
    st.tuples(st.just('dtype'), NAME, st.sampled_from(['f4', 'f8', 'i4'])),
    st.tuples(st.just('count'), NAME, st.integers(0, BATCH - 1)),
    st.tuples(st.just('missing'), NAME, st.none()),
    st.tuples(st.just('extra'), NAME, st.none()),
]
PIXEL = st.floats(width=32).filter(lambda value: not 0 <= value <= 255)
VECTOR = st.lists(
    st.sampled_from([0, 1, -1, 2, 0.1, 0.999, np.nan, np.inf]),
    min_size=10,
    max_size=10,
).filter(lambda vector: (vector.count(1), vector.count(0)) != (1, 9))
NUMBER = st.integers(-(2**31), -1) | st.integers(10, 2**31 - 1)
MALFORMED = {
    'serving_default': st.one_of(
        st.tuples(st.just('pixel'), INDEX, PIXEL),
        st.tuples(st.just('vector'), INDEX, VECTOR),
        *IN_KIND,
    ),
    'classify_bytes': st.one_of(
        st.tuples(st.just('bytes'), INDEX, st.binary(max_size=200)),
        st.tuples(st.just('cut'), INDEX, st.floats(0.02, 0.5)),
        st.tuples(st.just('number'), INDEX, NUMBER),
        *IN_KIND,
    ),
}


def spoil(inputs, kind, which, how):
    """Makes good inputs bad in one way.

    Args:
        inputs: A dict from names to arrays, which is changed.
        kind: The kind of mistake, as `MALFORMED` names it.
        which: The index of an example, or the name of an input.
        how: The bad value.

    Returns:
        A pattern that the message of the error must match.
    """
    if kind == 'pixel':
        inputs['image'][which, 9, 9] = how
        return rf'image\[{which}\]'
    if kind in ('vector', 'number'):
        inputs['number'][which] = how
        return rf'number\[{which}\]'
    if kind == 'bytes':
        inputs['image'][which] = how
        return rf'image\[{which}\]'
    if kind == 'cut':
        picture = inputs['image'][which]
        inputs['image'][which] = picture[: int(how * len(picture))]
        return '.'  # the decoder of each format has its own message
    good = inputs[which]
    if kind == 'missing':
        del inputs[which]
        return f'required: .*{which}'
    if kind == 'extra':
        inputs['more'] = good
        return 'extra: .*more'
    if kind == 'count':
        inputs[which] = good[:how]
        return r'image(.|\n)*number'
    if kind == 'shape':
        # A shape that happens to be right gets one more axis.
        right = len(how) == good.ndim and tuple(how[1:]) == good.shape[1:]
        inputs[which] = np.zeros([*how, 1] if right else how, good.dtype)
        if good.dtype == object:
            inputs[which][...] = b''
        return which
    # A dtype that happens to be right is replaced by int64.
    dtype = 'i8' if good.dtype == how else how
    inputs[which] = np.zeros(good.shape, dtype)
    return 'Expects .* to be (float|int32|string) but'


@functools.cache
def good_inputs(signature):
    return INPUTS[signature](BATCH)


# The deadline is off, because a busy machine would exceed it. The examples are
# the same in every run, so that a failure can be repeated.
EXAMPLES = settings(
    max_examples=300, deadline=None, derandomize=True, database=None
)


@EXAMPLES
@given(wrong=MALFORMED['serving_default'])
def test_malformed_predict_is_refused(loader, wrong):
    assert_refused_and_the_next_answered(loader, 'serving_default', wrong)


@EXAMPLES
@given(wrong=MALFORMED['classify_bytes'])
@pytest.mark.slow
def test_malformed_classify_is_refused(loader, wrong):
    assert_refused_and_the_next_answered(loader, 'classify_bytes', wrong)


def assert_refused_and_the_next_answered(loader, signature, wrong):
    good = good_inputs(signature)
    bad = {name: array.copy() for name, array in good.items()}
    message = spoil(bad, *wrong)
    with pytest.raises(cpp_loader.Status) as raised:
        loader.run(signature, bad)
    assert raised.value.code == cpp_loader.INVALID_ARGUMENT
    assert re.search(message, raised.value.message), raised.value.message
    one = {name: array[:1] for name, array in good.items()}
    total = loader.run(signature, one)['sum'].sum()
    np.testing.assert_allclose(total, 1, rtol=1e-5)
