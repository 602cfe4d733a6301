import hashlib
import os
import shutil

import numpy as np
import pytest
import requests
import tensorflow_datasets as tfds

from kerasadder.data import from_idx
from kerasadder.data import from_tfds
from kerasadder.errors import UserError

# The SHA-256 that TFDS pins for its download of MNIST.
SHA256 = {
    'train-images-idx3-ubyte.gz': '440fcabf73cc546fa21475e81ea37026'
    '5605f56be210a4024d2ca8f203523609',
    'train-labels-idx1-ubyte.gz': '3552534a0a558bbed6aed32b30c495cc'
    'a23d567ec52cac8be1a0730e8010255c',
    't10k-images-idx3-ubyte.gz': '8d422c7b0a1c1c79245a5bcf07fe86e3'
    '3eeafee792b84584aec276f5a2dbc4e6',
    't10k-labels-idx1-ubyte.gz': 'f7ae60f92e00ec6debd23a6088c31dbd'
    '2371eca3ffa0defaefb259924204aec6',
}


def store(
    data_dir,
    name='ours',
    config=None,
    shape=(28, 28, 1),
    splits=('train', 'test'),
    **features,
):
    """Has TFDS store a dataset with 13 images in each split."""
    features = {
        'image': tfds.features.Image(shape=shape),
        'label': tfds.features.ClassLabel(num_classes=10),
        **features,
    }
    examples = [
        (i, {'image': np.full(shape, i, np.uint8), 'label': i % 10})
        for i in range(13)
    ]
    builder = tfds.dataset_builders.AdhocBuilder(
        name=name,
        config=config,
        version='1.0.0',
        features=tfds.features.FeaturesDict(features),
        split_datasets=dict.fromkeys(splits, examples),
        data_dir=data_dir,
    )
    builder.download_and_prepare()


def test_official_files_are_the_official_ones():
    for name, expected in SHA256.items():
        content = (from_idx.mnist_folder() / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == expected
    names = {path.name for path in from_idx.mnist_folder().glob('*.gz')}
    assert set(SHA256) == names


def test_damaged_file_is_refused(tmp_path, monkeypatch):
    official = tmp_path / 'official'
    shutil.copytree(from_idx.mnist_folder(), official)
    path = official / 't10k-labels-idx1-ubyte.gz'
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    monkeypatch.setattr(from_idx, 'MNIST', official)
    with pytest.raises(UserError, match='damaged'):
        from_tfds.load('mnist', 'test', data_dir=tmp_path / 'data')


def test_missing_file_is_refused_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(from_idx, 'MNIST', tmp_path)
    with pytest.raises(UserError, match='missing'):
        from_tfds.load('mnist', 'test', data_dir=tmp_path / 'data')


def test_dataset_prepared_by_another_process_meanwhile_is_taken(
    data_dir, tmp_path, monkeypatch
):
    def generate(self, **kwargs):
        shutil.copytree(data_dir, tmp_path, dirs_exist_ok=True)
        yield 0, {'image': np.zeros((28, 28, 1), np.uint8), 'label': 0}

    mnist = type(tfds.builder('mnist', data_dir=tmp_path))
    monkeypatch.setattr(mnist, '_generate_examples', generate)
    _, labels = from_tfds.load('mnist', 'test', data_dir=tmp_path)
    assert len(labels) == 10_000
    assert [path.name for path in (tmp_path / 'mnist').iterdir()] == ['3.0.1']


def test_damaged_prepared_dataset_is_refused(data_dir, tmp_path):
    copy = tmp_path / 'copy'
    shutil.copytree(data_dir, copy)
    (path,) = copy.glob('mnist/*/mnist-test.tfrecord*')
    os.truncate(path, 1000)
    with pytest.raises(UserError, match='delete that folder'):
        from_tfds.load('mnist', 'test', data_dir=copy)


def test_dataset_that_lies_prepared_is_loaded(tmp_path):
    store(tmp_path)
    images, labels = from_tfds.load('ours', 'train', data_dir=tmp_path)
    assert images.shape == (13, 28, 28, 1)
    assert images.dtype == np.uint8
    assert labels.dtype == np.int64
    # TFDS has its own order.
    assert (images[:, 5, 5, 0] % 10 == labels).all()
    assert sorted(images[:, 0, 0, 0]) == list(range(13))
    assert from_tfds.num_training_images('ours', tmp_path) == 13


def test_configuration_of_a_dataset_that_lies_prepared_is_loaded(tmp_path):
    store(tmp_path, name='mnist_corrupted', config='fog')
    images, labels = from_tfds.load(
        'mnist_corrupted/fog', 'test', data_dir=tmp_path
    )
    assert images.shape == (13, 28, 28, 1)
    assert (images[:, 5, 5, 0] % 10 == labels).all()


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        ({'shape': (28, 28, 3)}, r'ours: has image Image\(shape=\(28, 28, 3'),
        ({'label': tfds.features.Scalar(np.float32)}, 'float32.*; must have'),
        ({'splits': ('train',)}, 'ours: has no split test'),
    ],
)
def test_dataset_of_another_kind_is_refused_in_one_line(
    wrong, message, tmp_path
):
    store(tmp_path, **wrong)
    with pytest.raises(UserError, match=message) as error:
        from_tfds.load('ours', 'train', data_dir=tmp_path)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize('name', ['mnits', 'no/such/folder', 'emnist/letter'])
def test_unknown_dataset_is_refused_in_one_line(name, tmp_path):
    with pytest.raises(UserError, match=f'dataset={name}: no ') as error:
        from_tfds.load(name, 'train', data_dir=tmp_path)
    assert len(str(error.value).splitlines()) == 1


def test_other_images_are_refused_before_they_are_downloaded(tmp_path):
    with pytest.raises(UserError, match='must have images'):
        from_tfds.load('svhn_cropped', 'train', data_dir=tmp_path)


@pytest.mark.parametrize('name', ['fashion_mnist', 'mnist_corrupted/fog'])
def test_failed_download_is_one_line(name, tmp_path, monkeypatch):
    def get(self, url, **kwargs):
        raise requests.exceptions.ConnectionError(f'no way to {url}')

    monkeypatch.setattr(requests.Session, 'get', get)
    message = rf'dataset={name}: .*could not download.*no way'
    with pytest.raises(UserError, match=message) as error:
        from_tfds.load(name, 'train', data_dir=tmp_path)
    assert len(str(error.value).splitlines()) == 1
