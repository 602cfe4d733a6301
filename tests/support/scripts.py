"""The scripts, run as a user runs them: in this process, or in one of theirs.

To import TensorFlow takes a process longer than most tests take.
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
        name: Its file name.
        flags: Flags and positional arguments.
        cwd: The folder to run it in.
        stdin: A file opened for reading bytes.

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
    """Runs a script in a process of its own, with TensorFlow started anew."""
    return _run([ROOT / 'scripts' / name, *map(str, flags)], cwd, environment)


def python(code, **environment):
    """Runs code in a process of its own."""
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
