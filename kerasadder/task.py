"""The sizes of the inputs and outputs."""

IMAGE_SHAPE = (28, 28, 1)
NUM_DIGITS = 10
NUM_NUMBERS = 10
NUM_SUMS = NUM_DIGITS + NUM_NUMBERS - 1
