"""Parses the notation of the backbone, the field `trunk`.

The backbone is the convolutional part of the network. An example of the
notation is `32c5-32c5p-64c3-2r64-128c3-128c3`. Batch normalisation and ReLU
follow each convolution. The notation has these parts:

- `64c3`: a convolution of 64 filters, each 3x3, without padding.
- `64c3p`: the same convolution, then a 2x2 max pooling.
- `2r64`: two residual blocks of 64 filters (He et al., 2015).
"""

import re
from typing import NamedTuple

from kerasadder.errors import UserError
from kerasadder.task import IMAGE_SHAPE

_CONVOLUTION = re.compile(r'([1-9]\d*)c([1-9]\d*)(p?)')
_RESIDUAL = re.compile(r'([1-9]\d*)r([1-9]\d*)')


class Convolution(NamedTuple):
    """Describes a convolution without padding.

    Attributes:
        filters: Number of filters.
        kernel_size: Side of each filter in pixels.
        pool: Whether a 2x2 max pooling follows.
    """

    filters: int
    kernel_size: int
    pool: bool


class ResidualBlocks(NamedTuple):
    """Describes residual blocks, each of two padded 3x3 convolutions.

    Attributes:
        blocks: Number of blocks. Each block adds its input to its output.
        filters: Number of filters of each convolution.
    """

    blocks: int
    filters: int


def parse(trunk: str) -> list[Convolution | ResidualBlocks]:
    """Parses the notation of the backbone.

    Args:
        trunk: The parts of the backbone, joined by `-`. The first part reads
            the image.

    Returns:
        The parts in the same order.

    Raises:
        UserError: If a part is malformed, leaves no pixel of the image, or is
            residual and does not follow a part with as many filters. The
            message names the part.
    """
    parts = []
    side, channels = IMAGE_SHAPE[0], None
    for number, text in enumerate(trunk.split('-'), start=1):
        where = f'trunk={trunk}: part {number}, "{text}",'
        if match := _CONVOLUTION.fullmatch(text):
            filters, kernel_size = int(match[1]), int(match[2])
            part = Convolution(filters, kernel_size, bool(match[3]))
            remaining = side - kernel_size + 1
            if part.pool:
                remaining //= 2
            if remaining < 1:
                raise UserError(
                    f'{where} leaves nothing of an image that is '
                    f'{side}x{side} pixels there.'
                )
            side, channels = remaining, filters
        elif match := _RESIDUAL.fullmatch(text):
            part = ResidualBlocks(int(match[1]), int(match[2]))
            if part.filters != channels:
                raise UserError(
                    f'{where} must follow a convolution of {part.filters} '
                    f'filters, which it adds to.'
                )
        else:
            raise UserError(
                f'{where} must be like 64c3 (filters, kernel size), 64c3p '
                '(with pooling) or 2r64 (residual blocks, filters).'
            )
        parts.append(part)
    return parts
