"""Runs the real TensorFlow Serving where it is installed or Docker runs.

docs/serving.md says where `test_servers.py` was run with the real server.
"""

import contextlib
import shutil
import subprocess
import time

import pytest
import requests
import yaml

from tests.support.scripts import ROOT

IMAGE = 'tensorflow/serving:2.20.0'


@contextlib.contextmanager
def real_server(directory, configs, ports):
    """Runs TensorFlow Serving with the flags of `serving/compose.yaml`.

    Without the server and without Docker, the test is skipped.

    Args:
        directory: Folder with the versions of the model.
        configs: Folder for the server's configuration files.
        ports: A dict from 'grpc' and 'rest' to port numbers.
    """
    compose = yaml.safe_load((ROOT / 'serving/compose.yaml').read_text())
    flags = compose['services']['serving']['command']
    if shutil.which('tensorflow_model_server'):
        for name in ('models.config', 'monitoring.config'):
            text = (ROOT / 'serving' / name).read_text()
            text = text.replace('/models/kerasadder', str(directory))
            (configs / name).write_text(text)
        command = [
            'tensorflow_model_server',
            f'--port={ports["grpc"]}',
            f'--rest_api_port={ports["rest"]}',
        ]
    elif _docker_answers():
        configs = '/configs'
        command = ['docker', 'run', '--rm', '--init']
        for port, own in ((ports['grpc'], 8500), (ports['rest'], 8501)):
            command += ['-p', f'127.0.0.1:{port}:{own}']
        command += ['-v', f'{directory}:/models/kerasadder:ro']
        command += ['-v', f'{ROOT}/serving:{configs}:ro', IMAGE]
    else:
        pytest.skip('no tensorflow_model_server on the PATH, no Docker engine')
    command += [flag.replace('/configs', str(configs)) for flag in flags]
    process = subprocess.Popen(command)
    try:
        _wait_until_available(process, ports['rest'])
        yield
    finally:
        process.terminate()  # `docker run` passes the signal to the container
        process.wait(60)


def _docker_answers():
    return (
        shutil.which('docker')
        and subprocess.run(
            ['docker', 'info'], capture_output=True, check=False
        ).returncode
        == 0
    )


def _wait_until_available(process, port, seconds=300):
    """Waits for the model; at the first time Docker downloads the image."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, 'the server ended'
        with contextlib.suppress(requests.ConnectionError):
            url = f'http://localhost:{port}/v1/models/kerasadder'
            if 'AVAILABLE' in requests.get(url, timeout=10).text:
                return
        time.sleep(0.2)
    raise TimeoutError(f'no model after {seconds} s')
