"""The backend of Keras, which has to be TensorFlow."""

import os
import sys

from kerasadder.errors import UserError


def require_tensorflow() -> None:
    """Raises a `UserError` if Keras is to compute in something else."""
    if not is_tensorflow():
        raise UserError(
            f'KERAS_BACKEND={_backend()}: kerasadder needs TensorFlow; unset '
            'it, or set it to tensorflow, before Keras is imported.'
        )


def is_tensorflow() -> bool:
    """Returns whether Keras computes in TensorFlow, or would if imported."""
    return _backend() == 'tensorflow'


def _backend():
    keras = sys.modules.get('keras')
    if keras is not None and hasattr(keras, 'config'):
        return keras.config.backend()
    return os.environ.get('KERAS_BACKEND', 'tensorflow')
