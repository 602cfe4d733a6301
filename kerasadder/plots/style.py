"""Gives all figures the same style: fonts, margins and colours.

The colours come from the palette of Okabe and Ito (2008), which colour-blind
readers can tell apart.
"""

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

BLUE, ORANGE, RED = '#0072b2', '#e69f00', '#d55e00'
GREEN = '#009e73'
COLORS = (BLUE, ORANGE, GREEN)  # one for each output, in the outputs' order
FONT = 'DejaVu Sans'  # part of matplotlib, so every machine has it
STYLE = {
    'axes.spines.right': False,
    'axes.spines.top': False,
    'axes.titlesize': 'medium',
    'font.family': FONT,
}


def new_figure(
    width: float,
    height: float,
    columns: int = 1,
    rows: int = 1,
    margins: tuple[float, ...] = (0.7, 0.2, 0.6, 0.4),
    **kwargs,
) -> tuple[Figure, np.ndarray]:
    """Makes a figure with a grid of axes.

    The caller gives the margins, because an automatic layout would draw
    everything twice. Training draws figures in every epoch.

    Args:
        width: Width of the figure in inches.
        height: Height of the figure in inches.
        columns: Number of columns of the grid.
        rows: Number of rows of the grid.
        margins: Left, right, bottom and top margin in inches.
        **kwargs: Keyword arguments of `Figure.subplots`.

    Returns:
        The figure, and an array `(rows, columns)` of its axes.
    """
    left, right, bottom, top = margins
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        figure.subplots_adjust(
            left=left / width,
            right=1 - right / width,
            bottom=bottom / height,
            top=1 - top / height,
            hspace=0.5,
        )
        axes = figure.subplots(rows, columns, squeeze=False, **kwargs)
    return figure, axes


def pixels(figure: Figure, dpi: int = 80) -> np.ndarray:
    """Renders a figure to an RGBA array, uint8 `(height, width, 4)`.

    Args:
        figure: A figure that `new_figure` made.
        dpi: Pixels per inch.
    """
    figure.set_dpi(dpi)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())
