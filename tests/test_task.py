import numpy as np

from kerasadder import task


def test_sums_are_those_of_digit_and_number():
    for digit in range(10):
        for number in range(10):
            assert task.SUMS[digit, number] == digit + number


def test_every_sum_is_a_class():
    assert np.unique(task.SUMS).tolist() == list(range(task.NUM_SUMS))


def test_right_classes_are_those_of_the_pairs():
    right = task.right_classes([3, 0])
    assert right['digit'].tolist() == [3, 0]
    assert right['sum'].tolist() == [list(range(3, 13)), list(range(10))]


def test_each_output_has_its_classes():
    assert task.OUTPUTS == {'digit': (10,), 'sum': (19,)}


def test_equation_is_read_from_digit_to_answer():
    assert task.TABLES[0].equation(4, 7, 11) == '4 + 7 = 11'
