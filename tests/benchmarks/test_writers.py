import gzip

import numpy as np
import pytest

from benchmarks import writers
from kerasadder.data import from_idx
from kerasadder.errors import UserError


@pytest.fixture(scope='module')
def digits():
    return from_idx.load(from_idx.mnist_folder(), 'test')[1]


def write_labels(path, classes, series, writer):
    rows = np.zeros((len(classes), 8), '>i4')
    rows[:, 0], rows[:, 1], rows[:, 2] = classes, series, writer
    header = writers.MAGIC + np.array(rows.shape, '>i4').tobytes()
    path.write_bytes(gzip.compress(header + rows.tobytes(), 1))
    return path


def answers(digits, wrong):
    """A model that is wrong on some images, in the order of the files."""
    answer = np.where(wrong, (digits + 1) % 10, digits)
    position = 0

    def every_number(images):
        nonlocal position
        batch = answer[position : position + len(images)]
        position += len(images)
        return {
            'digit': np.eye(10, dtype=np.float32)[batch],
            'sum': np.ones((len(batch), 10, 19), np.float32) / 19,
        }

    return every_number


def test_groups_and_worst_writers_are_counted(digits, tmp_path):
    # QMNIST has more rows than MNIST's test set; 100 images a writer here.
    writer = np.arange(12_000) // 100
    series = np.where(writer < 40, 4, 1)
    classes = np.concatenate([digits, np.zeros(2000, int)])
    path = write_labels(tmp_path / 'labels.gz', classes, series, writer)
    wrong = np.zeros(10_000, bool)
    wrong[:3] = wrong[5000] = True
    measured = writers.measure(answers(digits, wrong), path)
    assert measured['students'] == {
        'writers': 40,
        'images': 4000,
        'wrong': 3,
        'digit_accuracy': pytest.approx(100 * 3997 / 4000),
    }
    assert measured['employees'] == {
        'writers': 60,
        'images': 6000,
        'wrong': 1,
        'digit_accuracy': pytest.approx(100 * 5999 / 6000),
    }
    assert measured['all_right'] == {'writers': 98}
    assert measured['worst_1']['wrong'] == 3
    assert measured['worst_1']['digit_accuracy'] == 97
    assert measured['worst_2']['wrong'] == 1


def test_labels_of_other_images_are_refused(digits, tmp_path):
    path = write_labels(tmp_path / 'labels.gz', digits[::-1], 1, 0)
    with pytest.raises(UserError, match="MNIST's test images"):
        writers.measure(None, path)


@pytest.mark.parametrize(
    'content', [b'', b'no gzip', gzip.compress(b'x', mtime=0)]
)
def test_what_is_not_such_a_file_is_refused(content, tmp_path):
    path = tmp_path / 'labels.gz'
    path.write_bytes(content)
    with pytest.raises(UserError, match=r'labels\.gz'):
        writers.measure(None, path)
