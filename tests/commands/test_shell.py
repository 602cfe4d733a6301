"""Tests commands in a shell: interrupts, unwritable folders, ASCII output."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from kerasadder.commands import runner
from kerasadder.commands import train
from tests.support.scripts import ROOT
from tests.support.scripts import python
from tests.support.scripts import run_process

# A module whose import neither Ctrl-C nor another exception ends.
STUBBORN = """
import pathlib, time
pathlib.Path('importing').touch()
while True:
    try:
        time.sleep(60)
    except BaseException:
        pass
"""


@pytest.mark.parametrize('script', ['train.py', 'predict.py'])
def test_ctrl_c_ends_the_import_of_tensorflow_in_one_line(script, tmp_path):
    (tmp_path / 'tensorflow.py').write_text(STUBBORN)
    arguments = ['a.png', '--number=1'] if script == 'predict.py' else []
    process = subprocess.Popen(
        [sys.executable, ROOT / 'scripts' / script, *arguments],
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': f'{tmp_path}{os.pathsep}{ROOT}'},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # If a shell started the tests in the background, they ignore SIGINT.
        # Without this line the process would ignore it, too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while (
        process.poll() is None
        and not pathlib.Path(tmp_path, 'importing').exists()
    ):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out, errors) == (130, '', 'Interrupted.\n')


@pytest.mark.parametrize(
    ('flags', 'missing'),
    [
        ([], '--model_dir'),
        (['--model_dir={}'], '--export_dir'),
        (['--export_dir={}'], '--model_dir'),
    ],
)
def test_read_only_folder_says_before_training_which_flag_helps(
    flags, missing, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir('/proc')  # not even root can make a folder here
    flags = [flag.format(tmp_path) for flag in flags]
    assert runner.run(train, flags) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith('error: /proc/')
    assert missing in line


@pytest.mark.slow
def test_home_that_cannot_be_written_is_done_without(tmp_path):
    done = python(
        'from kerasadder.data import from_tfds\n'
        "images, _ = from_tfds.load('mnist', 'test')\n"
        'print(len(images), from_tfds._temporary_data_dir())',
        HOME='/dev/null/home',
        TMPDIR=str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count('--data_dir names a folder') == 1
    assert f'\nPreparing MNIST in {tmp_path}' in done.stderr
    count, folder = done.stdout.split()
    assert (int(count), pathlib.Path(folder).parent) == (10_000, tmp_path)
    # TFDS leaves empty folders behind, so only files count.
    assert not any(path.is_file() for path in tmp_path.rglob('*'))


@pytest.mark.slow
def test_predicting_needs_no_fcntl(tmp_path):
    """Windows has no `fcntl`; filelock locks in another way there."""
    photo = ROOT / 'docs' / 'figures' / 'photo.jpg'
    done = python(
        "import sys; sys.modules['fcntl'] = None\n"
        'import pathlib\n'
        'from kerasadder import files\n'
        f'folder = pathlib.Path({str(tmp_path)!r})\n'
        'with files.locked(folder):\n'
        '    try:\n'
        '        with files.locked(folder):\n'
        "            print('twice')\n"
        '    except BlockingIOError:\n'
        "        print('locked')\n"
        'from kerasadder.commands import predict, runner\n'
        f"sys.exit(runner.run(predict, [{str(photo)!r}, '--number=7']))"
    )
    locked, answer = done.stdout.splitlines()
    assert locked == 'locked'
    assert ': 5 + 7 = 12 ' in answer
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_output_in_ascii_is_escaped_and_all_pictures_answered(tmp_path):
    photo = (ROOT / 'docs' / 'figures' / 'photo.jpg').read_bytes()
    names = ['f\u00fc\u00dfe.jpg', '\u4e94.jpg', 'x$_{$.jpg']
    for name in names:
        (tmp_path / name).write_bytes(photo)
    done = run_process(
        *('predict.py', *names, '--number=7', '--figure=answers.png'),
        cwd=tmp_path,
        LC_ALL='C',
        PYTHONUTF8='0',
        PYTHONCOERCECLOCALE='0',
        PYTHONIOENCODING='ascii',
    )
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout.isascii()
    answers = done.stdout.splitlines()
    assert len(answers) == len(names)
    assert all('.jpg: 5 + 7 = 12 ' in answer for answer in answers)
    assert (tmp_path / 'answers.png').is_file()
