import numpy as np
import pytest

from kerasadder.plots import learning_curves
from kerasadder.plots import style


@pytest.fixture
def history():
    names = ('digit_loss', 'sum_loss', 'digit_accuracy', 'sum_accuracy')
    return [
        {'epoch': epoch}
        | {f'{p}{n}': 1 - 0.1 * epoch for n in names for p in ('', 'val_')}
        for epoch in (1, 2, 3)
    ]


def lines(axis):
    return {line.get_label(): line.get_xydata() for line in axis.lines}


def test_learning_curves_have_the_losses_in_them(history):
    drawn = lines(learning_curves.learning_curves(history).axes[0])
    assert set(drawn) == {
        f'{output}, {split}'
        for output in ('digit', 'sum')
        for split in ('training', 'validation')
    }
    for curve in drawn.values():
        np.testing.assert_allclose(curve, [[1, 0.9], [2, 0.8], [3, 0.7]])


def test_learning_curves_stand_beside_the_seed_project(history):
    drawn = lines(learning_curves.learning_curves(history, True).axes[1])
    for output in ('digit', 'sum'):
        np.testing.assert_allclose(
            drawn[f'{output}, this run'], [[1, 90], [2, 80], [3, 70]]
        )
    seed = 'seed project (PyTorch, 20 epochs)'
    digit, sums = drawn[f'digit, {seed}'], drawn[f'sum, {seed}']
    np.testing.assert_allclose(digit[[0, -1]], [[1, 72.58], [20, 98.80]])
    np.testing.assert_allclose(sums[[0, -1]], [[1, 10.28], [20, 98.50]])


def test_learning_curves_draw_a_perfect_run(history):
    perfect = [
        {
            name: 1 if 'accuracy' in name else value
            for name, value in row.items()
        }
        for row in history
    ]
    figure = learning_curves.learning_curves(perfect)
    assert np.ptp(style.pixels(figure)) > 0


def test_run_on_other_images_stands_alone(history):
    drawn = lines(learning_curves.learning_curves(history).axes[1])
    assert not any('seed project' in label for label in drawn)
