import io
import shutil

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerasadder.data import from_idx
from kerasadder.data import from_pictures
from kerasadder.data import splits
from kerasadder.errors import UserError
from kerasadder.pictures.normalize import normalize_pictures
from tests.support.photographs import photograph
from tests.support.picture_folders import write_pictures


def bars(count):
    """Returns images of 28x28 pixels; image i has a bright column i."""
    images = np.zeros((count, 28, 28, 1), np.uint8)
    images[np.arange(count), 4:24, np.arange(count)] = 255
    return images


def places(images):
    """Returns the indices of images that `bars` made."""
    return [int(image.max(axis=(0, 2)).argmax()) for image in images]


def test_of_ten_pictures_seven_train_one_validates_and_two_test(tmp_path):
    folder = write_pictures(tmp_path, bars(12), [3] * 12)
    loaded = {
        split: splits.load(split, name=str(folder))[0]
        for split in ('train', 'validation', 'test')
    }
    seven = [0, 1, 3, 5, 6, 7, 8, 10, 11]
    # Each picture has two readings, which are equal at this size.
    assert places(loaded['train'][0]) == [p for p in seven for _ in '12']
    assert places(loaded['validation'][0][:, 0]) == [2]
    assert places(loaded['test'][0][:, 1]) == [4, 9]
    for images, labels in loaded.values():
        assert images.dtype == np.uint8
        assert images.shape[-3:] == (28, 28, 1)
        assert labels.dtype == np.int64
        assert (labels == 3).all()
        assert len(labels) == len(images)
    assert splits.num_training_images(str(folder)) == 18


def test_folder_of_their_own_tests_whole(tmp_path):
    write_pictures(tmp_path / 'train', bars(10), [3] * 10)
    write_pictures(tmp_path / 'test', bars(5), [4] * 5)
    train, validation, test = splits.load(
        'train', 'validation', 'test', name=str(tmp_path)
    )
    assert places(train[0][::2]) == [0, 1, 3, 4, 5, 6, 7, 8, 9]
    assert places(validation[0][:, 0]) == [2]
    assert places(test[0][:, 0]) == [0, 1, 2, 3, 4]
    assert (test[1] == 4).all()
    assert splits.num_training_images(str(tmp_path)) == 18


def test_pictures_are_read_as_a_served_model_reads_them(tmp_path):
    photo = photograph(5, seed=1, width=400, height=300)
    for place in range(5):
        path = tmp_path / '5' / f'{place}.jpg'
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(photo)
    (path.parent / '.DS_Store').write_bytes(b'of the system')
    ((images, labels),) = splits.load('test', name=str(tmp_path))
    np.testing.assert_allclose(images, normalize_pictures([photo]), atol=0.5)
    assert labels.tolist() == [5]


@pytest.mark.parametrize('kind', ['webp', 'tiff'])
def test_picture_of_another_kind_is_read_as_a_png_is(kind, tmp_path):
    with Image.open(io.BytesIO(photograph(5, 1, 400, 300))) as photo:
        for place in range(5):
            for ending in ('png', kind):
                path = tmp_path / ending / '5' / f'{place}.{ending}'
                path.parent.mkdir(parents=True, exist_ok=True)
                photo.save(path, lossless=True)
    images, expected = (
        splits.load('train', name=str(tmp_path / ending))[0][0]
        for ending in (kind, 'png')
    )
    np.testing.assert_array_equal(images, expected)


def name_a_word(folder):
    (folder / '3').rename(folder / 'three')
    (folder / '4').mkdir()


def leave_a_note(folder):
    (folder / 'notes.txt').write_text('mine')


def nest(folder):
    (folder / '3' / 'more').mkdir()


def write_text(folder):
    (folder / '3' / '0000.png').write_text('no picture')


def write_blank(folder):
    blank = tf.io.encode_png(np.full((90, 90, 1), 255, np.uint8))
    (folder / '3' / '0000.png').write_bytes(blank.numpy())


def cut(folder):
    path = folder / '3' / '0000.png'
    path.write_bytes(path.read_bytes()[:60])


def cut_tiff(folder):
    path = folder / '3' / '0000.png'
    with Image.open(path) as image:
        image.save(path, 'TIFF')
    path.write_bytes(path.read_bytes()[:60])


def write_heic(folder):
    heic = b'\0\0\0\x18ftypheic' + bytes(100)
    (folder / '3' / '0000.png').write_bytes(heic)


def keep_four(folder):
    for path in sorted((folder / '3').iterdir())[4:]:
        path.unlink()


def leave_test_out(folder):
    shutil.move(folder / '3', folder / 'train' / '3')


@pytest.mark.parametrize(
    ('spoil', 'message'),
    [
        (name_a_word, 'three.* 0 to 9'),
        (leave_a_note, r'notes\.txt.* 0 to 9'),
        (nest, 'more: is a folder'),
        (write_text, r'0000\.png: is not a PNG, JPEG, GIF or BMP'),
        (write_blank, r'0000\.png: shows no ink'),
        (cut, r'0000\.png: '),
        (cut_tiff, r'0000\.png: is damaged'),
        (write_heic, r'0000\.png: is (a HEIC|damaged)'),
        (keep_four, 'no pictures for test'),
        (leave_test_out, 'no pictures for test'),
    ],
)
def test_what_cannot_be_trained_on_is_refused_in_one_line(
    spoil, message, tmp_path
):
    folder = write_pictures(tmp_path / 'mine', bars(10), [3] * 10)
    spoil(folder)
    with pytest.raises(UserError, match=message) as error:
        splits.load('train', 'test', name=str(folder))
    assert len(str(error.value).splitlines()) == 1


def test_folder_of_neither_kind_is_told_of_both(tmp_path):
    with pytest.raises(UserError, match=r'idx3-ubyte.*subfolders 0-9'):
        splits.load('train', name=str(tmp_path))


@pytest.mark.parametrize(('own', 'count'), [(4, 10), (12, 8)])
def test_images_are_repeated_to_be_as_many_as_those_of_mnist(own, count):
    images, labels = splits.among_mnist(bars(own), np.arange(own), count)
    mnist, digits = from_idx.load(from_idx.mnist_folder(), 'train')
    many = max(own, count)
    assert places(images[:many]) == [i % own for i in range(many)]
    assert labels[:many].tolist() == [i % own for i in range(many)]
    np.testing.assert_array_equal(images[many:], mnist[:count])
    np.testing.assert_array_equal(labels[many:], digits[:count])
    assert len(labels) == splits.num_among_mnist(own, count)


def test_folder_has_pictures_if_it_has_a_digit(tmp_path):
    assert not from_pictures.has_pictures(tmp_path)
    (tmp_path / '7').mkdir()
    assert from_pictures.has_pictures(tmp_path)
