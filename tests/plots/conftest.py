import numpy as np
import pytest

from kerasadder.task import SUMS


@pytest.fixture
def answers():
    """Returns 40 images, their digits, and predictions with three mistakes."""
    labels = np.arange(40) % 10
    images = np.zeros((40, 28, 28, 1), np.uint8)
    digit = np.eye(10)[labels]
    sums = np.eye(19)[SUMS[labels]]
    for i, confidence in ((5, 0.6), (17, 0.9), (33, 0.8)):
        digit[i] = np.eye(10)[(labels[i] + 1) % 10] * confidence
        sums[i] = np.eye(19)[SUMS[(labels[i] + 1) % 10]]
    return images, labels, {'digit': digit, 'sum': sums}
