import numpy as np

from kerasadder.plots import image_grids
from kerasadder.plots import style


def test_pixels_are_rgba(answers):
    figure = image_grids.predictions_grid(*answers, rows=1, columns=2)
    pixels = style.pixels(figure)
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert pixels.shape[-1] == 4
