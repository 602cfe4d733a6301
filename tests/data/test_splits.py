import gzip

import numpy as np

from kerasadder.data import from_idx
from kerasadder.data import splits


def test_splits_have_their_sizes_and_share_nothing(data_dir):
    loaded = splits.load('train', 'validation', 'test', data_dir=data_dir)
    assert [len(labels) for _, labels in loaded] == [55000, 5000, 10000]
    images = np.concatenate([images for images, _ in loaded])
    assert images.shape == (70000, 28, 28, 1)
    assert images.dtype == np.uint8
    # MNIST has no two equal images.
    assert len({image.tobytes() for image in images}) == 70000


def test_test_split_is_the_official_test_set(data_dir):
    ((images, labels),) = splits.load('test', data_dir=data_dir)
    path = from_idx.mnist_folder() / 't10k-images-idx3-ubyte.gz'
    pixels = np.frombuffer(gzip.decompress(path.read_bytes())[16:], np.uint8)
    path = from_idx.mnist_folder() / 't10k-labels-idx1-ubyte.gz'
    digits = gzip.decompress(path.read_bytes())[8:]
    official = zip(pixels.reshape(-1, 784), digits)
    assert {(image.tobytes(), digit) for image, digit in official} == {
        (image.tobytes(), digit) for image, digit in zip(images, labels)
    }
