import pytest

from kerasadder.errors import UserError
from kerasadder.trunk import Convolution
from kerasadder.trunk import ResidualBlocks
from kerasadder.trunk import parse


def test_each_part_is_read_in_order():
    assert parse('32c5p-64c3-2r64') == [
        Convolution(32, 5, True),
        Convolution(64, 3, False),
        ResidualBlocks(2, 64),
    ]


@pytest.mark.parametrize(
    'trunk, part',
    [
        ('', 'part 1, ""'),
        ('32c5-', 'part 2, ""'),
        ('32c5,64c3', 'part 1, "32c5,64c3"'),
        ('32c5-0c3', 'part 2, "0c3"'),
        ('32c5-64c3-64x3', 'part 3, "64x3"'),
        ('2r64-64c3', 'part 1, "2r64"'),
        ('32c5-2r64', 'part 2, "2r64"'),
        ('8c5p-8c5p-8c5p', 'part 3, "8c5p"'),
    ],
)
def test_the_error_names_the_part_that_is_wrong(trunk, part):
    with pytest.raises(UserError) as error:
        parse(trunk)
    assert part in str(error.value)
    assert '\n' not in str(error.value)


def test_convolutions_may_use_up_the_image_to_its_last_pixel():
    # 28 -> 24 -> 12 -> 8 -> 4 -> 1
    parse('8c5p-8c5p-8c4')
    with pytest.raises(UserError, match=r'nothing of an image .* 4x4'):
        parse('8c5p-8c5p-8c5')
