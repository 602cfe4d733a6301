"""What the tests share: two logical CPUs, small data, a trained model."""

import kerasadder  # noqa: F401, I001, sets TensorFlow's environment first

import json
import os

# The tests are of the CPU, those too that start a process.
os.environ['CUDA_VISIBLE_DEVICES'] = '-1'

import pytest

from tests.support.stripes import stripes

# A process runs a whole group of files, because these files share what takes a
# process long to make or to load. The groups that take longest come first, so
# the processes end at about the same moment. Each other file is its own group.
LONGEST = (
    # These share the export of a small model, loaded.
    (
        'serving/test_servers.py',
        'serving/test_export.py',
        'serving/test_signatures.py',
        'serving/test_malformed.py',
        'serving/test_model_files.py',
        'serving/test_formats.py',
    ),
    # These share a training run.
    (
        'training/test_run.py',
        'training/test_tensorboard.py',
        'training/test_tuning.py',
        'docs/test_adapt.py',
    ),
    ('training/test_checkpoint.py',),
    ('commands/test_scripts.py',),
    # These share the shipped model and the graph that reads pictures.
    (
        'pictures/test_normalize.py',
        'pictures/test_finding.py',
        'pictures/test_photographs.py',
        'data/test_from_pictures.py',
        'commands/test_predict.py',
        'serving/test_shipped.py',
        'demo/test_answers.py',
        'test_api.py',
    ),
    ('demo/test_page.py',),
    ('docs/test_notebook.py',),
    ('training/test_devices.py',),
    ('commands/test_shell.py',),
)
GROUPS = {name: i for i, group in enumerate(LONGEST) for name in group}


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
    place = {name: i for i, name in enumerate(GROUPS)}
    items.sort(key=lambda item: place.get(file_of(item.nodeid), len(place)))


def pytest_xdist_make_scheduler(config, log):
    """Makes the scheduler that hands out groups of files, not files."""
    from xdist.scheduler import LoadFileScheduling

    class LoadGroups(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = file_of(nodeid)
            return str(GROUPS.get(file, file))

    return LoadGroups(config, log)


def file_of(nodeid):
    """Returns the path of a test's file, relative to tests/."""
    return nodeid.partition('::')[0].removeprefix('tests/')


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


@pytest.fixture
def load_once(monkeypatch):
    """Makes commands use the shipped model that the process loaded first."""
    from kerasadder.serving import model_files
    from tests.support import shipped

    monkeypatch.setattr(model_files, '_load', shipped.load_once)


@pytest.fixture(scope='session')
def classify():
    """Loads the classifier of the shipped model."""
    from kerasadder.serving import model_files
    from tests.support import shipped

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_files, '_load', shipped.load_once)
        return model_files.load_classifier()


@pytest.fixture(scope='session')
def data_dir(shared):
    """A TFDS folder with MNIST prepared in it."""
    from kerasadder import files
    from kerasadder.data import splits

    with files.locked(shared, wait=True):
        splits.load('test', data_dir=shared / 'tensorflow_datasets')
    return shared / 'tensorflow_datasets'
