"""Shows a distribution on the page."""

import numpy as np
from nicegui import html
from nicegui import ui


class Bars:
    """Shows a distribution as vertical bars, the most probable class in bold.

    Args:
        name: Name of the output.
        count: Number of its classes.
    """

    def __init__(self, name: str, count: int):
        with html.div().classes(f'of-{name}'):
            html.h2(f'P({name})')
            self._chart = html.div().classes(f'bars {name}').props('role=img')
            with self._chart:
                self._bars = [html.div().classes('bar') for _ in range(count)]
        self._fills = []
        for i, bar in enumerate(self._bars):
            with bar:
                with html.div().classes('track'):
                    self._fills.append(html.div().classes('fill'))
                ui.label(str(i))

    def show(self, probabilities: np.ndarray) -> None:
        """Shows probabilities `(count,)`.

        Zeros show empty bars, which stand for a missing picture.
        """
        likeliest = probabilities.argmax() if probabilities.any() else None
        for i, (bar, fill, p) in enumerate(
            zip(self._bars, self._fills, probabilities)
        ):
            fill.style(f'--p: {p:.4f}')
            bar.props['title'] = f'{i}: {100 * p:.1f} %'
            bar.classes(**{'add' if i == likeliest else 'remove': 'likeliest'})
        self._chart.props['aria-label'] = spoken(probabilities)


def spoken(probabilities: np.ndarray) -> str:
    """Returns what a screen reader says of the bars.

    Args:
        probabilities: float array `(count,)`; zeros if there is no picture.

    Returns:
        Each class of 0.1 % or more with its percentage.
    """
    shown = [
        f'{i}: {100 * p:.1f} %'
        for i, p in enumerate(probabilities)
        if p >= 0.001
    ]
    return ', '.join(shown) or 'no answer yet'
