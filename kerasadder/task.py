"""The task: the sizes of its inputs and outputs, and the rule.

Everything else asks here what an image, a number, a digit and a sum are.
"""

import numpy as np

IMAGE_SHAPE = (28, 28, 1)
NUM_DIGITS = 10
NUM_NUMBERS = 10
NUM_SUMS = NUM_DIGITS + NUM_NUMBERS - 1
# The sum of each digit (row) and number (column).
SUMS = np.add.outer(np.arange(NUM_DIGITS), np.arange(NUM_NUMBERS))
