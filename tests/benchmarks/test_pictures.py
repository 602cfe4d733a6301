"""Tests the timing of pictures."""

import shutil

import pytest

from benchmarks import pictures
from tests.support.mnist import first_images


@pytest.mark.slow
def test_two_models_are_timed_with_each_kind_of_picture(exported, tmp_path):
    other = shutil.copytree(exported, tmp_path / 'other')
    measured = pictures.measure(
        [str(exported), str(other)], first_images(50), seconds=0
    )
    assert list(measured)[:2] == ['1 PNG of 28x28', '50 PNGs of 28x28']
    for took in measured.values():
        assert list(took) == [str(exported), str(other)]
        assert min(took.values()) > 0
