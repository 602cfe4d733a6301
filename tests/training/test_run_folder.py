import json

import pytest

from kerasadder import __version__
from kerasadder.config import TrainingConfig
from kerasadder.errors import UserError
from kerasadder.training import run_folder


def open_folder(config):
    with run_folder.open_run_folder(config) as folder:
        return folder


def test_new_folder_gets_the_config(tmp_path):
    config = TrainingConfig('quick', model_dir=str(tmp_path / 'a' / 'b'))
    folder = open_folder(config)
    assert folder == tmp_path / 'a' / 'b'
    written = json.loads((folder / 'config.json').read_text())
    assert written == {'version': __version__, **config.asdict()}


def test_default_folder_is_named_by_the_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = open_folder(TrainingConfig())
    assert folder.parent.name == 'runs'
    assert (tmp_path / folder / 'config.json').is_file()


def test_same_recipe_goes_on_wherever_it_writes(tmp_path):
    open_folder(TrainingConfig(model_dir=str(tmp_path)))
    open_folder(TrainingConfig(model_dir=str(tmp_path), export_dir='elsewhere'))


def test_other_recipe_is_refused_and_nothing_changed(tmp_path):
    open_folder(TrainingConfig(model_dir=str(tmp_path), epochs=3))
    before = (tmp_path / 'config.json').read_text()
    with pytest.raises(UserError, match='epochs=3, not 4'):
        open_folder(TrainingConfig(model_dir=str(tmp_path), epochs=4))
    assert (tmp_path / 'config.json').read_text() == before


def test_run_of_another_version_is_refused(tmp_path, monkeypatch):
    config = TrainingConfig(model_dir=str(tmp_path))
    open_folder(config)
    monkeypatch.setattr(run_folder, '__version__', '2.0.0')
    with pytest.raises(UserError, match=rf'version={__version__}, not 2\.0\.0'):
        open_folder(config)


def test_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / 'thesis.tex').write_text('')
    with pytest.raises(UserError, match='new or empty folder'):
        open_folder(TrainingConfig(model_dir=str(tmp_path)))


def test_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(UserError, match='new or empty folder'):
        open_folder(TrainingConfig(model_dir=str(tmp_path / 'file')))


def test_damaged_config_is_refused(tmp_path):
    (tmp_path / 'config.json').write_text('{')
    with pytest.raises(UserError, match='damaged'):
        open_folder(TrainingConfig(model_dir=str(tmp_path)))


def test_folder_of_a_run_killed_at_its_start_is_taken(tmp_path):
    (tmp_path / '.partial-config.json').write_text('{')
    open_folder(TrainingConfig(model_dir=str(tmp_path)))
    assert not list(tmp_path.glob('.partial-*'))


def test_folder_in_use_is_refused_until_its_user_is_gone(tmp_path):
    config = TrainingConfig(model_dir=str(tmp_path))
    with (
        run_folder.open_run_folder(config),
        pytest.raises(UserError, match='another process is training'),
    ):
        open_folder(config)
    open_folder(config)
