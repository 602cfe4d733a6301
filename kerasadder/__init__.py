"""A Keras model with two inputs and two outputs, from data to serving.

    import kerasadder

    model = kerasadder.build_model()

What is listed in `__all__` is the public API. Each name is imported when it is
first used, so that `import kerasadder` does not import TensorFlow.
"""

import importlib
import os

import wrapt

from kerasadder import backend

# Both are read when TensorFlow and Keras are first imported: no start-up
# chatter on the console, and TensorFlow whatever ~/.keras/keras.json says.
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
os.environ.setdefault('KERAS_BACKEND', 'tensorflow')

__version__ = '1.0.0'

_MODULES = {
    'AdditionTable': 'kerasadder.layers',
    'Client': 'kerasadder.serving.client',
    'TrainingConfig': 'kerasadder.config',
    'build_model': 'kerasadder.model',
    'evaluate': 'kerasadder.evaluation',
    'export_saved_model': 'kerasadder.serving.export',
    'load_classifier': 'kerasadder.serving.model_files',
    'load_model': 'kerasadder.serving.model_files',
    'train': 'kerasadder.training.run',
}
__all__ = ['__version__', *_MODULES]


def __getattr__(name: str):
    """Imports a public name when it is first used (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    backend.require_tensorflow()
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


@wrapt.when_imported('keras')
def _register_layers(unused_keras):
    """Has Keras know our layers from its import on, be it before or after ours.

    So `keras.models.load_model` needs no `custom_objects`.
    """
    if backend.is_tensorflow():
        importlib.import_module('kerasadder.layers')
