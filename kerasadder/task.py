"""Defines the task: its inputs, its outputs, and the rule between them.

All other modules take the shapes of images, numbers, digits and sums from here.
"""

from typing import NamedTuple

import numpy as np

IMAGE_SHAPE = (28, 28, 1)
NUM_DIGITS = 10
NUM_NUMBERS = 10
# The rule: the sum of each digit (row) and each number (column).
SUMS = np.add.outer(np.arange(NUM_DIGITS), np.arange(NUM_NUMBERS))
NUM_SUMS = int(SUMS.max()) + 1


class Table(NamedTuple):
    """Describes an output that a table learns from digit and number.

    Attributes:
        name: Name of the output.
        layer: Name of the `AdditionTable` layer that learns the output.
        sign: The sign between digit and number in equations.
        answers: Integer array `(digits, numbers)`, the right classes, which
            start at 0.
    """

    name: str
    layer: str
    sign: str
    answers: np.ndarray

    @property
    def classes(self) -> int:
        """The number of classes of the output."""
        return int(self.answers.max()) + 1

    def equation(self, digit: int, number: int, answer: int) -> str:
        """Returns an equation as text, for example '7 + 5 = 12'."""
        return f'{digit} {self.sign} {number} = {answer}'


TABLES = (Table('sum', 'addition_table', '+', SUMS),)

# The shapes of one example, without the batch axis.
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
        A dict from the name of each output to an integer array. The array of
        `digit` is `(n,)`. The array of an output that a table learns is
        `(n, numbers)`.
    """
    labels = np.asarray(labels)
    return {'digit': labels} | {
        table.name: table.answers[labels] for table in TABLES
    }
