"""Holds what all figures share: size, margins, colours, pixels.

Colour-blind readers too can tell the colours apart (Okabe and Ito, 2008).
"""

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

BLUE, ORANGE, RED = '#0072b2', '#e69f00', '#d55e00'
GREEN = '#009e73'
COLORS = (BLUE, ORANGE, GREEN)  # of the outputs, in their order
FONT = 'DejaVu Sans'  # which matplotlib brings
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
    """Makes a grid of axes; all sizes in inches.

    The caller gives the margins (left, right, bottom, top). An automatic layout
    would draw everything twice, and training draws in every epoch.
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
    """Returns the figure as a uint8 array `(height, width, 4)`, RGBA."""
    figure.set_dpi(dpi)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())
