"""Tests serving/nginx.conf in the real nginx, in front of fake servers."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import time

import numpy as np
import pytest
import requests

from kerasadder.serving.client import Client
from kerasadder.serving.limits import MAX_EXAMPLES
from tests.support.fake_rest import rest_server
from tests.support.scripted_servers import IMAGES
from tests.support.scripted_servers import OUTPUTS
from tests.support.scripted_servers import SCRIPTS
from tests.support.scripted_servers import free_port
from tests.support.scripts import ROOT

pytestmark = pytest.mark.skipif(
    not shutil.which('nginx'), reason='no nginx on the PATH'
)
CONFIG = (ROOT / 'serving' / 'nginx.conf').read_text()
PREDICT = '/v1/models/kerasadder:predict'
TOO_DEEP = b'[' * 50_000 + b']' * 50_000


def config_for(servers, port, folder):
    """Adapts serving/nginx.conf to this machine and its version of nginx.

    Args:
        servers: A dict from 'rest' and 'grpc' to lists of addresses.
        port: A dict from 'rest' and 'grpc' to the ports of nginx.
        folder: A folder for temporary files.

    Returns:
        The text of the configuration.
    """
    text = CONFIG
    for transport, own in (('rest', 8501), ('grpc', 8500)):
        line = rf'server replica:{own}(.*);'
        lines = [rf'server {address}\1;' for address in servers[transport]]
        text, count = re.subn(line, '\n'.join(lines), text)
        assert count == 1
        text = text.replace(
            f'listen {own};', f'listen 127.0.0.1:{port[transport]};'
        )
    version = subprocess.check_output(
        ['nginx', '-v'], stderr=subprocess.STDOUT, text=True
    )
    if [int(i) for i in re.findall(r'\d+', version)] < [1, 25, 1]:
        text = text.replace('http2 on;', '')
        text = text.replace(f'{port["grpc"]};', f'{port["grpc"]} http2;')
    paths = ''.join(
        f'{kind}_temp_path {folder / kind};\n'
        for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi')
    )
    own = f'pid {folder}/pid;\ndaemon off;\nerror_log stderr;\n'
    if os.getuid() == 0:
        own += 'user root;\n'  # another user may not read the folder
    return own + text.replace('http {', f'http {{\n{paths}')


@pytest.fixture
def nginx(tmp_path):
    """Yields a function that starts nginx in front of servers.

    The function takes a list of the servers' addresses for each transport, as
    `rest` and `grpc`. It returns a dict from transport to nginx's address.
    """
    with contextlib.ExitStack() as stack:

        def start(**servers):
            port = {'rest': free_port(), 'grpc': free_port()}
            down = [f'127.0.0.1:{free_port()}']
            servers = {'rest': down, 'grpc': down} | servers
            path = tmp_path / 'nginx.conf'
            path.write_text(config_for(servers, port, tmp_path))
            process = stack.enter_context(
                subprocess.Popen(['nginx', '-p', tmp_path, '-c', path])
            )
            stack.callback(process.terminate)
            _wait_for(port['grpc'], process)
            return {name: f'127.0.0.1:{port[name]}' for name in port}

        yield start


def _wait_for(port, process):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, 'nginx ended'
        with contextlib.suppress(ConnectionRefusedError):
            return socket.create_connection(('127.0.0.1', port)).close()
        time.sleep(0.05)


def ip(address):
    return address.replace('localhost', '127.0.0.1')


def listens(address):
    host, port = address.split(':')
    with socket.socket() as client:
        return client.connect_ex((host, int(port))) == 0


def test_server_that_is_down_is_passed_over(transport, nginx):
    with SCRIPTS[transport]([OUTPUTS], []) as address:
        down = f'127.0.0.1:{free_port()}'
        front = nginx(**{transport: [down, ip(address), down]})
        with Client(front[transport], transport=transport, retries=0) as client:
            for _ in range(10):
                assert client.predict(IMAGES, 7)['sum'].shape == (2, 19)


def test_request_that_kills_a_server_is_not_sent_to_the_next(nginx):
    asked = []
    with (
        SCRIPTS['rest']([OUTPUTS], asked) as one,
        SCRIPTS['rest']([OUTPUTS], asked) as other,
    ):
        front = nginx(rest=[ip(one), ip(other)])['rest']
        with Client(front) as client:
            for _ in range(4):  # makes nginx connect to both servers
                client.predict(IMAGES, 7)
            reply = requests.post(f'http://{front}{PREDICT}', TOO_DEEP)
            assert reply.status_code == 502
            assert listens(one) + listens(other) == 1
            client.predict(IMAGES, 7)


def test_client_asks_again_when_a_server_dies(nginx):
    died = []

    def die(*_):
        died.append(True)
        raise RecursionError

    with (
        SCRIPTS['rest']([OUTPUTS], []) as survivor,
        rest_server(die) as mortal,
    ):
        front = nginx(rest=[ip(mortal), ip(survivor)])['rest']
        with Client(front) as client:
            for _ in range(4):
                assert client.predict(IMAGES, 7)['sum'].shape == (2, 19)
    assert died


def test_body_is_bounded_above_the_client_s_largest(nginx):
    image = np.random.default_rng(0).uniform(0, 255, (1, 28, 28, 1))
    one = len(json.dumps(image.astype(np.float32).tolist()))
    with rest_server(lambda *_: (200, b'{}')) as address:
        url = f'http://{nginx(rest=[ip(address)])["rest"]}{PREDICT}'
        statuses = [
            requests.post(url, bytes(times * MAX_EXAMPLES * one)).status_code
            for times in (1, 3)
        ]
    assert statuses == [200, 413]
