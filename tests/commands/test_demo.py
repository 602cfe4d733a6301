import subprocess
import sys

import pytest

from tests.support.scripts import run_script


@pytest.mark.parametrize(
    ('flags', 'message'),
    [
        (['picture.png'], 'picture.png: takes flags only'),
        (['--port=70000'], 'port'),
        (['--address=nowhere'], 'address: host:port'),
        (['--address=a:1', '--saved_model=b'], 'give one of them'),
    ],
)
def test_mistake_is_one_line(flags, message):
    done = run_script('demo.py', *flags)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith('error: ')
    assert message in line


def test_missing_library_says_which_extra_to_install():
    call = (
        "import sys; sys.modules['nicegui'] = None; "
        'from kerasadder.commands import main; raise SystemExit(main())'
    )
    done = subprocess.run(
        [sys.executable, '-c', call, 'demo'], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr == (
        'error: nicegui is not installed: pip install nicegui requests\n'
    )
