import io

import pytest

from kerasadder.plots import file_names
from kerasadder.plots import style


def drawn(name):
    """Draws a name as a title and returns the title.

    pytest turns every warning of matplotlib into an error.
    """
    figure, axes = style.new_figure(4, 2)
    file_names.set_title(axes[0, 0], name)
    for kind in ('png', 'svg', 'pdf'):
        figure.savefig(io.BytesIO(), format=kind)
    return axes[0, 0].title


@pytest.mark.parametrize(
    'name',
    ['x$_{$.jpg', '$5$.png', 'f\u00fc\u00dfe.jpg', '\\frac.png', '%.png'],
)
def test_name_is_drawn_as_it_is(name):
    assert drawn(name).get_text() == name


def test_character_is_drawn_in_a_font_that_has_it():
    title = drawn('\u24b7.png')  # a circled B, in STIX but not in DejaVu Sans
    assert title.get_text() == '\u24b7.png'
    assert 'STIXGeneral' in title.get_fontfamily()


@pytest.mark.parametrize(
    ('name', 'shown'),
    [
        ('\U0010fffd.png', '\\U0010fffd.png'),  # a private-use character
        ('a\nb\t.png', 'a\\nb\\t.png'),
        ('f\udcc3\udcbc.png', 'f\u00fc.png'),  # UTF-8 that was read as ASCII
        ('f\udcfc.png', 'f\\xfc.png'),  # Latin-1 that was read as UTF-8
    ],
)
def test_character_that_no_font_has_is_escaped(name, shown):
    assert drawn(name).get_text() == shown


def test_chinese_name_is_drawn_without_a_warning():
    """The name is escaped if the machine has no Chinese font."""
    name = '\u6570\u5b57.png'
    escaped = name.encode('unicode_escape').decode()
    assert drawn(name).get_text() in (name, escaped)
