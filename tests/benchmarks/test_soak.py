"""The soak of `scripts/benchmark.py soak`, for seconds in place of minutes."""

import pytest

from benchmarks.soak import soak
from tests.support.scripts import SHIPPED


@pytest.mark.slow
def test_good_and_bad_requests_at_once_are_answered_and_refused():
    result = soak(SHIPPED, minutes=0.05)
    assert result['good'] > 10
    assert result['bad'] > 10
    assert result['wrong_answers'] == result['not_refused'] == 0
