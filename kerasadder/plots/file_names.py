"""Writes file names, which may contain any character, into figures."""

import contextlib
import sys

from matplotlib import font_manager
from matplotlib.axes import Axes

from kerasadder.plots.style import FONT


def set_title(axis: Axes, name: str, **style) -> None:
    r"""Sets the title of an axis to a file name.

    A dollar sign does not start a formula. A character that no installed font
    contains is escaped, for example as `\u4e2d`.

    Args:
        axis: The axis.
        name: The file name as `os.fsdecode` returns it. A surrogate stands for
            each byte that Python could not decode.
        **style: Keyword arguments of `Axes.set_title`.
    """
    encoded = name.encode('utf-8', sys.getfilesystemencodeerrors())
    shown = ''.join(
        c if c.isprintable() else _escaped(c)
        for c in encoded.decode('utf-8', 'backslashreplace')
    )
    usual = font_manager.get_font(font_manager.findfont(FONT))
    missing = {c for c in shown if not usual.get_char_index(ord(c))}
    families = [FONT]
    if missing:
        family = _family_with(missing)
        if family:
            families.append(family)
        else:
            shown = ''.join(_escaped(c) if c in missing else c for c in shown)
    axis.set_title(shown, parse_math=False, fontfamily=families, **style)


def _escaped(character):
    return character.encode('unicode_escape').decode()


def _family_with(characters):
    """Returns the name of a font with all the characters, or None."""
    for entry in font_manager.fontManager.ttflist:
        is_plain = entry.style == 'normal' and entry.weight == 400
        if not is_plain or entry.name.startswith('Last Resort'):
            continue
        with contextlib.suppress(OSError, RuntimeError):  # a damaged file
            font = font_manager.get_font(entry.fname)
            if all(font.get_char_index(ord(c)) for c in characters):
                return entry.name
    return None
