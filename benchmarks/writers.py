"""Measures the accuracy on MNIST's test images by writer.

The labels of QMNIST name the writer of each MNIST image. Yadav and Bottou
describe them in "Cold Case: The Lost MNIST Digits", 2019, arXiv 1905.10498. The
file is `qmnist-test-labels-idx2-int.gz` of
https://github.com/facebookresearch/qmnist.
"""

import gzip
import pathlib

import numpy as np

from kerasadder import evaluation
from kerasadder.data import from_idx
from kerasadder.errors import UserError

MAGIC = b'\0\0\x0c\x02'  # the IDX format's code for a matrix of 32-bit integers
CLASS, SERIES, WRITER = range(3)  # columns of the labels
STUDENTS = 4  # students wrote NIST's series hsf_4, employees the others
WORST = 5  # number of writers to report


def measure(every_number, path):
    """Measures the accuracy on MNIST's test images by writer.

    Args:
        every_number: A function as `evaluation.predict` takes it.
        path: QMNIST's file of test labels.

    Returns:
        A dict of dicts:

        - `employees` and `students`: the numbers of `writers`, of `images` and
          of `wrong` images, and `digit_accuracy` in percent.
        - `all_right`: `writers`, the share of writers without a wrong digit, in
          percent.
        - `worst_1` to `worst_5`: the same entries as for `employees`, for each
          of the writers with the most wrong digits.

    Raises:
        UserError: If the file is missing or does not describe MNIST's images.
    """
    images, digits = from_idx.load(from_idx.mnist_folder(), 'test')
    rows = _read(path)[: len(digits)]
    if not np.array_equal(rows[:, CLASS], digits):
        raise UserError(f"{path}: not the labels of MNIST's test images.")
    predicted = evaluation.predict(every_number, images)['digit'].argmax(-1)
    wrong = predicted != digits
    student = rows[:, SERIES] == STUDENTS
    result = {
        'employees': _group(wrong[~student], rows[~student, WRITER]),
        'students': _group(wrong[student], rows[student, WRITER]),
    }
    writers = np.unique(rows[:, WRITER])
    each = [_group(wrong[rows[:, WRITER] == w], [w]) for w in writers]
    each.sort(key=lambda group: -group['wrong'])
    faultless = sum(group['wrong'] == 0 for group in each)
    result['all_right'] = {'writers': 100 * faultless / len(each)}
    for rank, group in enumerate(each[:WORST], start=1):
        result[f'worst_{rank}'] = group
    return result


def _group(wrong, writers):
    return {
        'writers': len(np.unique(writers)),
        'images': len(wrong),
        'wrong': int(wrong.sum()),
        'digit_accuracy': 100 * float(1 - wrong.mean()),
    }


def _read(path):
    """Reads QMNIST's labels, an integer array `(n, 8)`."""
    path = pathlib.Path(path)
    if not path.is_file():
        raise UserError(f'{path}: no such file.')
    try:
        content = gzip.decompress(path.read_bytes())
        if content[:4] != MAGIC:
            raise ValueError('not an IDX file of integers in two dimensions')
        return np.frombuffer(content[12:], '>i4').reshape(-1, 8)
    except (OSError, EOFError, ValueError) as error:
        raise UserError(f"{path}: not QMNIST's labels ({error}).") from error
