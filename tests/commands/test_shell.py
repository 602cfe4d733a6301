"""What a shell's user may do to a command, and to what it writes to."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from tests.support.scripts import ROOT

# Imports that neither Ctrl-C nor anything else ends.
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
    )
    while (
        process.poll() is None
        and not pathlib.Path(tmp_path, 'importing').exists()
    ):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out, errors) == (130, '', 'Interrupted.\n')
