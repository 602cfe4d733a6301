"""What the tests share: two logical CPUs, small data, a trained model."""

import kerasadder  # noqa: F401, I001, sets TensorFlow's environment first

import json
import os

# The tests are of the CPU, those too that start a process.
os.environ['CUDA_VISIBLE_DEVICES'] = '-1'

import pytest

from tests.support.stripes import stripes

# The files that take longest, the longest first: so the processes, which take a
# file at a time in this order, end at about the same moment.
LONGEST = (
    'test_checkpoint.py',
    'test_scripts.py',
    'test_run.py',
    'test_notebook.py',
    'test_adapt.py',
    'test_export.py',
    'test_servers.py',
    'test_page.py',
    'test_api.py',
    'test_devices.py',
    'test_signatures.py',
    'test_normalize.py',
    'test_malformed.py',
)


def pytest_configure(config):
    """Makes two stand-ins for two GPUs, before TensorFlow starts."""
    if config.option.dist != 'no':
        return  # The process that hands out the files imports no TensorFlow.
    import tensorflow as tf

    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices('CPU')[0],
        [tf.config.LogicalDeviceConfiguration()] * 2,
    )


def pytest_collection_modifyitems(items):
    place = {name: i for i, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONGEST)))


@pytest.fixture(scope='session')
def stripes_data():
    """A task that is learned in seconds, in the shape of MNIST."""
    return {
        'train': stripes(2560, seed=0),
        'validation': stripes(100, seed=1),
        'test': stripes(200, seed=2),
    }


@pytest.fixture(scope='session')
def shared(tmp_path_factory):
    """A folder of this session, which its processes share."""
    root = tmp_path_factory.getbasetemp()
    return root.parent if 'PYTEST_XDIST_WORKER' in os.environ else root


@pytest.fixture(scope='session')
def run(stripes_data, shared):
    """A short training run: its metrics, as returned, and its folders."""
    from kerasadder import files
    from kerasadder.training.run import train
    from tests.support.small_runs import small_config

    directory = shared / 'training'
    directory.mkdir(exist_ok=True)
    returned = directory / 'returned.json'
    with files.locked(directory, wait=True):
        if not returned.is_file():
            metrics = train(small_config(directory), stripes_data)
            returned.write_text(json.dumps(metrics), encoding='utf-8')
    return json.loads(returned.read_text(encoding='utf-8')), directory


@pytest.fixture(scope='session')
def exported(shared):
    """The SavedModel of `small_model`, for tests that only read it."""
    from kerasadder import files
    from kerasadder.serving import export
    from tests.support.serving_inputs import small_model

    directory = shared / 'export' / 'kerasadder'
    directory.mkdir(parents=True, exist_ok=True)
    with files.locked(directory.parent, wait=True):
        if export.next_version(directory) == 1:
            export.export_saved_model(small_model(), directory)
    return directory / '1'


@pytest.fixture(scope='session')
def data_dir(shared):
    """A TFDS folder with MNIST prepared in it."""
    from kerasadder import files
    from kerasadder.data import splits

    with files.locked(shared, wait=True):
        splits.load('test', data_dir=shared / 'tensorflow_datasets')
    return shared / 'tensorflow_datasets'
