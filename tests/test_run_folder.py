import csv
import json

import pytest

from kerasadder import run_folder
from kerasadder.config import preset_config
from kerasadder.errors import UserError


def test_new_folder_gets_the_config(tmp_path):
    config = preset_config('quick', model_dir=str(tmp_path / 'a' / 'b'))
    folder = run_folder.open_run_folder(config)
    assert folder == tmp_path / 'a' / 'b'
    assert json.loads((folder / 'config.json').read_text()) == config.asdict()


def test_default_folder_is_named_by_the_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = run_folder.open_run_folder(preset_config())
    assert folder.parent.name == 'runs'
    assert (tmp_path / folder / 'config.json').is_file()


def test_same_recipe_goes_on_wherever_it_writes(tmp_path):
    run_folder.open_run_folder(preset_config(model_dir=str(tmp_path)))
    run_folder.open_run_folder(
        preset_config(model_dir=str(tmp_path), export_dir='elsewhere')
    )


def test_other_recipe_is_refused_and_nothing_changed(tmp_path):
    run_folder.open_run_folder(preset_config(model_dir=str(tmp_path)))
    before = (tmp_path / 'config.json').read_text()
    with pytest.raises(UserError, match='epochs=12, not 11'):
        run_folder.open_run_folder(
            preset_config(model_dir=str(tmp_path), epochs=11)
        )
    assert (tmp_path / 'config.json').read_text() == before


def test_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / 'thesis.tex').write_text('')
    with pytest.raises(UserError, match='new or empty folder'):
        run_folder.open_run_folder(preset_config(model_dir=str(tmp_path)))


def test_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(UserError, match='new or empty folder'):
        run_folder.open_run_folder(
            preset_config(model_dir=str(tmp_path / 'file'))
        )


def test_damaged_config_is_refused(tmp_path):
    (tmp_path / 'config.json').write_text('{')
    with pytest.raises(UserError, match='damaged'):
        run_folder.open_run_folder(preset_config(model_dir=str(tmp_path)))


def test_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / 'file.json'
    run_folder.write_json(path, 'old')
    with (
        pytest.raises(ZeroDivisionError),
        run_folder.write_whole(path) as temporary,
    ):
        temporary.write_text('half')
        raise ZeroDivisionError
    assert json.loads(path.read_text()) == 'old'
    assert [p.name for p in tmp_path.iterdir()] == ['file.json']


def test_csv_holds_the_rows(tmp_path):
    rows = [{'epoch': 1, 'loss': 0.5}, {'epoch': 2, 'loss': 0.25}]
    run_folder.write_csv(tmp_path / 'history.csv', rows)
    with open(tmp_path / 'history.csv', newline='') as file:
        read = [
            {k: float(v) for k, v in row.items()}
            for row in csv.DictReader(file)
        ]
    assert read == rows
