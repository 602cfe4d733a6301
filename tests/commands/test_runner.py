import errno

import pytest
import tensorflow as tf

from kerasadder.commands import runner
from kerasadder.errors import UserError


def refuse():
    raise UserError('--epochs=0: must be at least 1.')


def fill_disk():
    with open('/dev/full', 'w') as file:
        file.write('text')


def fill_disk_by_tensorflow():
    tf.io.write_file('/dev/full', 'text')


def write_below_a_file_by_tensorflow():
    tf.summary.create_file_writer('/dev/full/below')


def fill_disk_as_tfds():
    try:
        fill_disk_by_tensorflow()
    except tf.errors.OpError as error:
        raise RuntimeError('Failed to write the split.') from error


def write_where_no_folder_is():
    raise FileNotFoundError(errno.ENOENT, 'No such file or directory', 'a/b')


@pytest.mark.parametrize(
    ('mistake', 'message'),
    [
        (refuse, '--epochs=0: must be at least 1.'),
        (fill_disk, 'writing: No space left on device'),
        (fill_disk_by_tensorflow, '/dev/full: No space left on device'),
        (write_below_a_file_by_tensorflow, '/dev/full: Not a directory'),
        (fill_disk_as_tfds, '/dev/full: No space left on device'),
        (write_where_no_folder_is, 'a/b: No such file or directory'),
    ],
)
def test_mistake_ends_in_one_line_and_status_2(mistake, message, capsys):
    with (
        pytest.raises(SystemExit) as stop,
        runner._one_line_for_mistakes(),
    ):
        mistake()
    assert stop.value.code == 2
    assert capsys.readouterr().err == f'error: {message}\n'


def test_bug_keeps_its_traceback():
    with (
        pytest.raises(tf.errors.InvalidArgumentError),
        runner._one_line_for_mistakes(),
    ):
        tf.debugging.Assert(False, ['a bug'])
