"""The scripts, run as a user runs them."""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
SHIPPED = ROOT / 'saved_models' / 'kerasadder' / '1'


def run_script(name, *flags, cwd=ROOT, stdin=None, **environment):
    return subprocess.run(
        [sys.executable, ROOT / 'scripts' / name, *map(str, flags)],
        cwd=cwd,
        stdin=stdin,
        env={**os.environ, 'PYTHONPATH': str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


def python(code, **environment):
    return subprocess.run(
        [sys.executable, '-c', code],
        env={**os.environ, 'PYTHONPATH': str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
