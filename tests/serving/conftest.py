"""One small model and its loaded export, for tests that only ask them.

Loading an export and running it for the first time takes seconds.
"""

import pytest
import tensorflow as tf

from tests.support.cpp_loader import Loader
from tests.support.serving_inputs import small_model


@pytest.fixture(params=['rest', 'grpc'])
def transport(request):
    return request.param


@pytest.fixture(scope='session')
def model():
    return small_model()


@pytest.fixture(scope='session')
def loaded(exported):
    """Loads the SavedModel in Python."""
    return tf.saved_model.load(str(exported))


@pytest.fixture(scope='session')
def loader(exported):
    """Loads the SavedModel in the C++ runtime."""
    loader = Loader(exported)
    loader.warm_up()  # a server warms up, too
    yield loader
    loader.close()
