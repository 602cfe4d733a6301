"""Tests training on several machines.

Processes that talk over the loopback interface stand for the machines.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys

import pytest
import tensorflow as tf

from kerasadder.errors import UserError
from kerasadder.training import devices
from tests.support.scripted_servers import free_port
from tests.support.scripts import ROOT
from tests.support.scripts import run_process
from tests.support.small_runs import small_config
from tests.support.small_runs import versions


def start_machines(directory, count=2):
    ports = [free_port() for _ in range(count)]
    cluster = {'worker': [f'localhost:{port}' for port in ports]}
    return [
        subprocess.Popen(
            [sys.executable, '-m', 'tests.support.machine', str(directory)],
            cwd=ROOT,
            env={
                **os.environ,
                'TF_CONFIG': json.dumps(
                    {
                        'cluster': cluster,
                        'task': {'type': 'worker', 'index': i},
                    }
                ),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for i in range(count)
    ]


@pytest.mark.slow
def test_two_machines_end_with_equal_weights_and_one_export(tmp_path):
    machines = start_machines(tmp_path)
    outputs = [machine.communicate(timeout=600) for machine in machines]
    for machine, (_, errors) in zip(machines, outputs):
        assert machine.returncode == 0, errors
    chief, other = [output.splitlines() for output, _ in outputs]
    assert chief[-2] == other[-2]
    assert versions(tmp_path / 'export') == ['1']
    # Each machine ran the complete run again, with another --export_dir. The
    # chief refused it, and the other machine did not wait for the chief.
    assert f"'--export_dir={tmp_path}/export 2'" in chief[-1]
    assert other[-1] == 'None'


@pytest.mark.parametrize(
    ('value', 'reason'),
    [
        ('{', 'property name'),
        ('{"cluster": {"worker": ["a:1"]}}', 'task_type'),
        (
            '{"cluster": {"worker": ["a:1"]},'
            ' "task": {"type": "worker", "index": 1}}',
            'task_id',
        ),
    ],
)
def test_cluster_without_this_process_is_refused(value, reason, monkeypatch):
    monkeypatch.setenv('TF_CONFIG', value)
    with pytest.raises(UserError, match=f'^TF_CONFIG: .*{reason}'):
        devices.get_strategy()


@pytest.mark.slow
def test_taken_port_is_refused(tmp_path):
    with socket.create_server(('localhost', 0)) as server:
        port = server.getsockname()[1]
        done = run_process(
            'train.py',
            f'--model_dir={tmp_path}/run',
            TF_CONFIG=json.dumps(
                {
                    'cluster': {'worker': [f'localhost:{port}']},
                    'task': {'type': 'worker', 'index': 0},
                }
            ),
        )
    assert done.returncode == 2
    assert done.stdout == ''
    (line,) = done.stderr.splitlines()
    assert line.startswith('error: TF_CONFIG: cannot listen')
    assert not os.listdir(tmp_path)


def test_gpus_in_use_already_are_taken_as_they_are(monkeypatch):
    def set_memory_growth(gpu, enable):
        raise RuntimeError('Physical devices cannot be modified after ...')

    monkeypatch.setattr(tf.config, 'list_physical_devices', lambda _: ['gpu'])
    monkeypatch.setattr(
        tf.config.experimental, 'set_memory_growth', set_memory_growth
    )
    assert devices.get_strategy().num_replicas_in_sync == 1


def test_no_cluster_is_one_machine(monkeypatch):
    monkeypatch.setenv('TF_CONFIG', '{"cluster": {}}')
    strategy = devices.get_strategy()
    assert not devices.on_several_machines(strategy)
    assert devices.is_chief(strategy)


def test_several_machines_need_a_folder_that_all_see(monkeypatch):
    monkeypatch.setattr(devices, 'on_several_machines', lambda _: True)
    config = small_config(pathlib.Path(), model_dir=None)
    with (
        pytest.raises(UserError, match='`model_dir`: on several machines'),
        devices.own_folder(config, None),
    ):
        pass
