"""Tests the console command as a user runs it."""

import os
import subprocess
import sys
from importlib import metadata

import pytest

import kerasadder as package
from kerasadder.commands import COMMANDS
from kerasadder.commands import main
from kerasadder.commands import runner


def kerasadder(*arguments, cwd=None, stdout=subprocess.PIPE):
    call = 'from kerasadder.commands import main; raise SystemExit(main())'
    return subprocess.run(
        [sys.executable, '-c', call, *arguments],
        cwd=cwd,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )


def test_help_names_every_command():
    done = kerasadder('--help')
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()[2:]] == list(
        COMMANDS
    )


def test_version_is_that_of_the_libraries_too():
    done = kerasadder('--version')
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout.splitlines() == [
        f'kerasadder {package.__version__}',
        f'tensorflow {metadata.version("tensorflow")}',
        f'keras {metadata.version("keras")}',
    ]


@pytest.mark.parametrize('arguments', [['--help'], ['train', '--help']])
def test_closed_pipe_is_silent(arguments):
    reader, writer = os.pipe()
    os.close(reader)
    done = kerasadder(*arguments, stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, '')


@pytest.mark.parametrize('command', COMMANDS)
def test_help_of_a_command_fits_a_screen(command, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['kerasadder', command, '--help'])
    assert main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0][0].isupper()
    assert any(line.startswith('  --') for line in lines)
    assert len(lines) <= 60
    assert max(map(len, lines)) < 80


@pytest.mark.parametrize('arguments', [[], ['trian'], ['--version=1']])
def test_no_such_command_is_one_line(arguments, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['kerasadder', *arguments])
    assert main() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith('error: ')
    assert 'train' in line


@pytest.mark.slow
def test_command_takes_what_its_script_takes(tmp_path):
    done = kerasadder('evaluate', '--saved_model=none', cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        'error: none: no folder with a saved_model.pb in it.\n'
    )


@pytest.mark.parametrize(
    ('argv', 'repeated'),
    [
        (
            ['scripts/train.py', '--model_dir=my run'],
            "python scripts/train.py '--model_dir=my run'",
        ),
        (['/bin/kerasadder', 'train'], 'kerasadder train'),
    ],
)
def test_command_to_go_on_is_the_one_that_was_given(
    argv, repeated, monkeypatch
):
    monkeypatch.setattr(sys, 'argv', argv)
    assert runner.repeated() == repeated
