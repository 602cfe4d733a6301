"""Tests that commands find the shipped model, in a checkout or installed."""

import pathlib
import shutil

import pytest

from kerasadder.serving.shipped import SHIPPED
from tests.support import scripts
from tests.support.scripts import python
from tests.support.scripts import run_script


def test_checkout_has_its_own():
    assert SHIPPED == scripts.SHIPPED
    assert (SHIPPED / 'saved_model.pb').is_file()


def test_installed_package_has_it_inside(tmp_path):
    """setup.cfg installs the model inside the package.

    A folder `saved_models` beside the package may belong to something else.
    """
    shutil.copytree(scripts.ROOT / 'kerasadder', tmp_path / 'kerasadder')
    inside = tmp_path / 'kerasadder' / 'saved_models'
    for folder in (inside, tmp_path / 'saved_models' / 'kerasadder'):
        folder.mkdir(parents=True)
    done = python(
        f'import sys; sys.path.insert(0, {str(tmp_path)!r})\n'
        'from kerasadder.serving.shipped import SHIPPED; print(SHIPPED)'
    )
    assert done.stderr == ''
    assert pathlib.Path(done.stdout.strip()) == inside / '1'


@pytest.mark.parametrize('flag', [[], ['--saved_model=none']])
def test_command_finds_it_from_any_folder_unless_told_otherwise(
    flag, load_once, tmp_path
):
    photo = scripts.ROOT / 'docs' / 'figures' / 'photo.jpg'
    done = run_script('predict.py', photo, '--number=7', *flag, cwd=tmp_path)
    if flag:
        assert done.stderr.startswith('error: none: no folder ')
    else:
        assert done.stdout.startswith(f'{photo}: 5 + 7 = 12 ')
