import gzip
import struct

import numpy as np
import pytest

from kerasadder.data import from_idx
from kerasadder.data import from_tfds
from kerasadder.data import splits
from kerasadder.errors import UserError
from kerasadder.training.run import train
from tests.support.small_runs import small_config


def encoded(array):
    """Encodes a uint8 array as IDX, by the definition of the format."""
    header = struct.pack('>HBB', 0, 8, array.ndim)
    return header + struct.pack(f'>{array.ndim}I', *array.shape) + bytes(array)


def write(folder, train=24, test=6, side=28, labels=10):
    """Writes four files; all pixels of image i are i, its label is i mod 10."""
    folder.mkdir(exist_ok=True)
    for split, count in (('train', train), ('test', test)):
        numbers = np.arange(count, dtype=np.uint8)
        images = np.tile(numbers[:, None, None], (1, side, side))
        for name, array in zip(
            from_idx.FILES[split], (images, numbers % labels)
        ):
            (folder / name).write_bytes(encoded(array))
    return folder


def test_reads_images_and_labels_in_the_order_of_the_files(tmp_path):
    for split, count in (('train', 24), ('test', 6)):
        images, labels = from_idx.load(write(tmp_path), split)
        assert images.shape == (count, 28, 28, 1)
        assert (images == np.arange(count)[:, None, None, None]).all()
        assert labels.dtype == np.int64
        assert (labels == np.arange(count) % 10).all()


def test_reads_compressed_files_too(tmp_path):
    expected = from_idx.load(write(tmp_path), 'train')
    for path in list(tmp_path.iterdir()):
        compressed = gzip.compress(path.read_bytes())
        path.with_name(f'{path.name}.gz').write_bytes(compressed)
        path.unlink()
    for one, other in zip(from_idx.load(tmp_path, 'train'), expected):
        np.testing.assert_array_equal(one, other)


def test_official_files_are_what_tfds_makes_of_them(data_dir):
    read = zip(*from_idx.load(from_idx.mnist_folder(), 'test'))
    by_tfds = zip(*from_tfds.load('mnist', 'test', data_dir))
    assert {(image.tobytes(), label) for image, label in read} == {
        (image.tobytes(), label) for image, label in by_tfds
    }


def test_last_twelfth_of_a_folder_validates(tmp_path):
    train, validation, test = splits.load(
        'train', 'validation', 'test', name=str(write(tmp_path, train=60))
    )
    assert [image[0, 0, 0] for image in train[0]] == list(range(55))
    assert [image[0, 0, 0] for image in validation[0]] == [*range(55, 60)]
    assert len(test[1]) == 6
    assert splits.num_training_images(str(tmp_path)) == 55


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def cut_compressed(path):
    compressed = gzip.compress(path.read_bytes())
    path.with_name(f'{path.name}.gz').write_bytes(compressed[:-9])
    path.unlink()


def take_for_labels(path):
    path.write_bytes(encoded(np.zeros(24, np.uint8)))


def drop_one(path):
    path.write_bytes(encoded(np.zeros((23, 28, 28), np.uint8)))


@pytest.mark.parametrize(
    ('spoil', 'message'),
    [
        (cut, 'damaged: has 18815 bytes after its header, which says 18816'),
        (cut_compressed, r'ubyte.gz: damaged \('),
        (take_for_labels, 'not an IDX file of bytes in 3 dimensions'),
        (drop_one, '23 images in train-images.* 24 labels'),
        (lambda path: path.write_bytes(b''), 'not an IDX file'),
        (lambda path: path.unlink(), 'has no file train-images-idx3-ubyte or'),
    ],
)
def test_damaged_files_are_refused_in_one_line(spoil, message, tmp_path):
    spoil(write(tmp_path) / 'train-images-idx3-ubyte')
    with pytest.raises(UserError, match=message) as error:
        splits.load('train', name=str(tmp_path))
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        (
            {'side': 32},
            r'has images \(32, 32, 1\) and labels 0-9 to train, must',
        ),
        ({'labels': 11}, r'labels 0-10 to train, must have .* and 0-9\.'),
        ({'train': 11}, 'has 11 training images, must have 12'),
        ({'test': 0}, 'has no images to test'),
    ],
)
def test_images_of_another_kind_are_refused(wrong, message, tmp_path):
    folder = str(write(tmp_path, **wrong))
    with pytest.raises(UserError, match=message):
        splits.load('train', 'test', name=folder)


@pytest.mark.parametrize(
    ('flags', 'message'),
    [
        ({'batch_size': 23}, 'batch_size=23: must be at most 22'),
        ({'batch_size': 7, 'steps_per_execution': 2}, 'divide the 3 steps'),
    ],
)
def test_flag_that_does_not_fit_another_dataset_is_refused_first(
    flags, message, tmp_path
):
    folder = write(tmp_path / 'idx', train=24)
    with pytest.raises(UserError, match=message):
        train(small_config(tmp_path, dataset=str(folder), **flags))
    assert [path.name for path in tmp_path.iterdir()] == ['idx']
