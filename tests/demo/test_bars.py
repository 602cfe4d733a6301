import numpy as np
import pytest

from kerasadder.demo.bars import spoken


@pytest.mark.parametrize(
    ('probabilities', 'said'),
    [
        ([0.0, 0.75, 0.249, 0.001], '1: 75.0 %, 2: 24.9 %, 3: 0.1 %'),
        ([0.9996, 0.0004], '0: 100.0 %'),
        ([0.0, 0.0], 'no answer yet'),
    ],
)
def test_classes_of_a_thousandth_or_more_are_spoken(probabilities, said):
    assert spoken(np.array(probabilities)) == said
