import errno
import types

import pytest
import tensorflow as tf
from absl import flags

from kerasadder.commands import evaluate
from kerasadder.commands import predict
from kerasadder.commands import runner
from kerasadder.commands import train
from kerasadder.config import TrainingConfig
from kerasadder.errors import UserError


def command(main):
    """Makes a command without flags."""
    return types.SimpleNamespace(
        define_flags=lambda given: None,
        check=lambda given, arguments: None,
        main=lambda given, arguments: main(),
    )


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
    assert runner.run(command(mistake), []) == 2
    assert capsys.readouterr().err == f'error: {message}\n'


def test_bug_keeps_its_traceback():
    def bug():
        tf.debugging.Assert(False, ['a bug'])

    with pytest.raises(tf.errors.InvalidArgumentError):
        runner.run(command(bug), [])


def test_interrupt_is_one_line_and_status_130(capsys):
    def interrupt():
        raise KeyboardInterrupt

    assert runner.run(command(interrupt), []) == 130
    assert capsys.readouterr().err == 'Interrupted.\n'


@pytest.mark.parametrize(
    'flag', ['--saved_model=~/no', '--model=~/no', '--dataset=~/no']
)
def test_tilde_is_the_home_folder(flag, tmp_path, monkeypatch, capsys):
    """A shell does not expand a tilde after the `=` of a flag."""
    monkeypatch.setenv('HOME', str(tmp_path))
    assert runner.run(evaluate, [flag]) == 2
    assert f'{tmp_path}/no' in capsys.readouterr().err


def test_commands_run_one_after_another_in_one_process(capsys):
    """Both commands have the flags --saved_model and --json."""
    assert runner.run(evaluate, ['--saved_model=none', '--json']) == 2
    assert runner.run(predict, ['a.png', '--saved_model=no', '--number=1']) == 2
    assert capsys.readouterr().err == (
        'error: none: no folder with a saved_model.pb in it.\n'
        'error: no: no folder with a saved_model.pb in it.\n'
    )


def test_flags_are_those_of_this_run_alone(capsys):
    assert runner.run(predict, ['--number=1']) == 2
    assert 'no picture' in capsys.readouterr().err
    assert runner.run(predict, ['a.png']) == 2
    assert 'no --number' in capsys.readouterr().err


def test_fields_of_the_library_are_flags_of_a_command(capsys):
    with pytest.raises(UserError, match=r'^epochs=0: must be at least 1\.$'):
        TrainingConfig(epochs=0)
    assert runner.run(train, ['--epochs=0']) == 2
    assert '--epochs=0: must be at least 1.' in capsys.readouterr().err


def test_words_that_are_no_fields_stay(capsys):
    def mistake():
        raise UserError('a/seed=1: no seed; try `seed`, seed=2 or `pip`.')

    def define_flags(given):
        flags.DEFINE_integer('seed', 0, '', flag_values=given)

    stub = command(mistake)
    stub.define_flags = define_flags
    assert runner.run(stub, []) == 2
    assert capsys.readouterr().err == (
        'error: a/seed=1: no seed; try --seed, --seed=2 or `pip`.\n'
    )
