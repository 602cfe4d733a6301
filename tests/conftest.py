"""What the tests share: two logical CPUs, small data, a trained model."""

import kerasadder  # noqa: F401, I001, sets TensorFlow's environment first

import os

# The tests are of the CPU, those too that start a process.
os.environ['CUDA_VISIBLE_DEVICES'] = '-1'

import pytest
import tensorflow as tf

from tests.support.stripes import stripes

# Two stand-ins for two GPUs; TensorFlow wants to know before it starts.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices('CPU')[0],
    [tf.config.LogicalDeviceConfiguration()] * 2,
)


@pytest.fixture(scope='session')
def stripes_data():
    """A task that is learned in seconds, in the shape of MNIST."""
    return {
        'train': stripes(2560, seed=0),
        'validation': stripes(100, seed=1),
        'test': stripes(200, seed=2),
    }


@pytest.fixture(scope='session')
def run(stripes_data, tmp_path_factory):
    """A short training run: its metrics, as returned, and its folders."""
    from kerasadder.training.run import train
    from tests.support.small_runs import small_config

    directory = tmp_path_factory.mktemp('training')
    metrics = train(small_config(directory), stripes_data)
    return metrics, directory


@pytest.fixture(scope='session')
def data_dir(tmp_path_factory):
    """A TFDS folder with MNIST prepared in it."""
    from kerasadder import files
    from kerasadder.data import splits

    root = tmp_path_factory.getbasetemp()
    if 'PYTEST_XDIST_WORKER' in os.environ:
        root = root.parent  # which the workers share
    with files.locked(root, wait=True):
        splits.load('test', data_dir=root / 'tensorflow_datasets')
    return root / 'tensorflow_datasets'
