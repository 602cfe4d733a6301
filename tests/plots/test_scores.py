import numpy as np
import pytest

from kerasadder.plots import scores


def test_confusion_matrices_count_every_pair(answers):
    _, labels, predictions = answers
    figure = scores.confusion_matrices(predictions, labels)
    digit, sums = [axis.images[0].get_array() for axis in figure.axes[:2]]
    # One of the four 5s is predicted as a 6.
    assert digit[5, 6] == 25
    assert digit.trace() == 0
    # Only a 0 can give sum 0, and only a 9 can give sum 18. All predictions of
    # the 0s and the 9s are right.
    assert sums[0].sum() == 0
    assert sums[18].sum() == 0
    assert sums[9].sum() == pytest.approx(100 * 3 / 40)


def test_reliability_diagrams_show_accuracy_gap_and_count(answers):
    _, labels, predictions = answers
    figure = scores.reliability_diagrams(predictions, labels)
    above, _, below, _ = figure.axes
    accuracy, gap = above.containers
    # The mistakes have confidences 0.6, 0.9 and 0.8: bins 8, 13 and 11. All
    # right answers have confidence 1: bin 14.
    np.testing.assert_allclose(
        [bar.get_x() for bar in accuracy], np.array([8, 11, 13, 14]) / 15
    )
    heights = [bar.get_height() for bar in accuracy]
    np.testing.assert_allclose(heights, [0, 0, 0, 1])
    tops = [bar.get_y() + bar.get_height() for bar in gap]
    np.testing.assert_allclose(tops, [0.6, 0.8, 0.9, 1])
    counts = [bar.get_height() for bar in below.containers[0]]
    assert counts == [1, 1, 1, 37]
    ece = 100 * (0.6 + 0.8 + 0.9) / 40
    assert above.get_title() == f'digit: ECE {ece:.2f} %'


def test_reliability_of_sums_counts_every_pair(answers):
    _, labels, predictions = answers
    figure = scores.reliability_diagrams(predictions, labels)
    assert figure.axes[1].get_title() == f'sum: ECE {100 * 3 / 40:.2f} %'
    (bars,) = figure.axes[3].containers
    assert [bar.get_height() for bar in bars] == [400]
