"""Finds the trained model that comes with this package."""

import pathlib

_PACKAGE = pathlib.Path(__file__).parents[1]
# An installed package has it inside; setup.cfg says so. A checkout has it where
# TensorFlow Serving looks for versions.
_FOLDERS = (
    _PACKAGE / 'saved_models',
    _PACKAGE.parent / 'saved_models' / 'kerasadder',
)
SHIPPED = next(filter(pathlib.Path.is_dir, _FOLDERS), _FOLDERS[-1]) / '1'
