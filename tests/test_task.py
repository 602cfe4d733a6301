import numpy as np

from kerasadder import task


def test_sums_are_those_of_digit_and_number():
    for digit in range(10):
        for number in range(10):
            assert task.SUMS[digit, number] == digit + number


def test_every_sum_is_a_class():
    assert np.unique(task.SUMS).tolist() == list(range(task.NUM_SUMS))
