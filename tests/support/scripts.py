"""Runs the scripts as a user does, in this process or in a new one.

Most tests use this process, because a new one imports TensorFlow, which takes
longer than most tests.
"""

import contextlib
import io
import os
import pathlib
import runpy
import subprocess
import sys
import types

ROOT = pathlib.Path(__file__).parents[2]
SHIPPED = ROOT / 'saved_models' / 'kerasadder' / '1'


def run_script(name, *flags, cwd=ROOT, stdin=None):
    """Runs a script in this process.

    Args:
        name: File name of the script.
        *flags: Flags and positional arguments.
        cwd: The folder to run it in.
        stdin: A file opened for reading bytes; None for an empty input.

    Returns:
        A `subprocess.CompletedProcess`.
    """
    path = str(ROOT / 'scripts' / name)
    arguments = [path, *map(str, flags)]
    given = types.SimpleNamespace(buffer=stdin or io.BytesIO())
    out, err = io.StringIO(), io.StringIO()
    with (
        _replaced(sys, 'argv', arguments),
        _replaced(sys, 'path', [*sys.path]),
        _replaced(sys, 'stdin', given),
        _chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            runpy.run_path(path, run_name='__main__')
        except SystemExit as left:
            return subprocess.CompletedProcess(
                arguments, left.code, out.getvalue(), err.getvalue()
            )
    raise AssertionError(f'{name} ended without an exit status')


@contextlib.contextmanager
def _replaced(owner, name, value):
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextlib.contextmanager
def _chdir(directory):
    before = os.getcwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)


def run_process(name, *flags, cwd=ROOT, **environment):
    """Runs a script in a new process.

    Args:
        name: File name of the script.
        *flags: Flags and positional arguments.
        cwd: The folder to run it in.
        **environment: Environment variables to set.

    Returns:
        A `subprocess.CompletedProcess`.
    """
    return _run([ROOT / 'scripts' / name, *map(str, flags)], cwd, environment)


def python(code, **environment):
    """Runs Python code in a new process.

    Args:
        code: The code.
        **environment: Environment variables to set.

    Returns:
        A `subprocess.CompletedProcess`.
    """
    return _run(['-c', code], ROOT, environment)


def _run(arguments, cwd, environment):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, 'PYTHONPATH': str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
