"""Defines the task: its inputs, its outputs, and the rule between them.

All other modules ask this one what an image, a number, a digit and a sum are.
"""

from typing import NamedTuple

import numpy as np

IMAGE_SHAPE = (28, 28, 1)
NUM_DIGITS = 10
NUM_NUMBERS = 10
# The rule: the sum of each digit (row) and number (column).
SUMS = np.add.outer(np.arange(NUM_DIGITS), np.arange(NUM_NUMBERS))
NUM_SUMS = int(SUMS.max()) + 1


class Table(NamedTuple):
    """Describes an output that a table learns from digit and number.

    Attributes:
        name: Name of the output.
        layer: Name of the `AdditionTable` that learns it.
        sign: Sign between digit and number.
        answers: Integer array `(digits, numbers)`, the right classes from 0.
    """

    name: str
    layer: str
    sign: str
    answers: np.ndarray

    @property
    def classes(self) -> int:
        """Number of classes of the output."""
        return int(self.answers.max()) + 1

    def equation(self, digit: int, number: int, answer: int) -> str:
        """Returns the equation of digit, number and answer as text."""
        return f'{digit} {self.sign} {number} = {answer}'


TABLES = (Table('sum', 'addition_table', '+', SUMS),)

# The shapes after the batch.
INPUTS = {'image': IMAGE_SHAPE, 'number': (NUM_NUMBERS,)}
OUTPUTS = {
    'digit': (NUM_DIGITS,),
    **{table.name: (table.classes,) for table in TABLES},
}


def right_classes(labels: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the right class of each output.

    Args:
        labels: Integer array `(n,)`, the digits.

    Returns:
        A dict from each output to an integer array: `(n,)` for `digit`,
        `(n, numbers)` for an output that a table learns.
    """
    labels = np.asarray(labels)
    return {'digit': labels} | {
        table.name: table.answers[labels] for table in TABLES
    }
