import csv
import json
import os

import pytest

from kerasadder import files


def test_file_is_on_the_disk_before_it_takes_its_name(tmp_path, monkeypatch):
    done = []
    for name in ('fsync', 'replace'):
        call = getattr(os, name)

        def recorded(*arguments, name=name, call=call):
            done.append(name)
            call(*arguments)

        monkeypatch.setattr(os, name, recorded)
    files.write_json(tmp_path / 'file.json', 'value')
    assert done == ['fsync', 'replace']


def test_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / 'file.json'
    files.write_json(path, 'old')
    with (
        pytest.raises(ZeroDivisionError),
        files.write_whole(path) as temporary,
    ):
        temporary.write_text('half')
        raise ZeroDivisionError
    assert json.loads(path.read_text()) == 'old'
    assert [p.name for p in tmp_path.iterdir()] == ['file.json']


def test_csv_holds_the_rows(tmp_path):
    rows = [{'epoch': 1, 'loss': 0.5}, {'epoch': 2, 'loss': 0.25}]
    files.write_csv(tmp_path / 'history.csv', rows)
    with open(tmp_path / 'history.csv', newline='') as file:
        read = [
            {k: float(v) for k, v in row.items()}
            for row in csv.DictReader(file)
        ]
    assert read == rows
