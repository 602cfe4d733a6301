"""Tests scripts/query_server.py as a user runs it, against fake servers."""

import json
import os

import pytest
import tensorflow as tf

from kerasadder.commands.pictures import MAX_BYTES
from tests.support.cpp_loader import Loader
from tests.support.fake_grpc import fake_grpc
from tests.support.fake_models import Models
from tests.support.fake_rest import fake_rest
from tests.support.mnist import first_images
from tests.support.scripted_servers import SEVEN
from tests.support.scripted_servers import free_port
from tests.support.scripted_servers import grpc_script
from tests.support.scripted_servers import rest_script
from tests.support.scripts import SHIPPED
from tests.support.scripts import run_script

SEVEN['digit'][0, 5] = SEVEN['sum'][0, 12] = 0.998


@pytest.fixture(params=['--grpc', '--nogrpc'])
def transport(request):
    return request.param


@pytest.fixture
def picture(tmp_path):
    """Returns a picture file; the fake servers do not decode its content."""
    path = tmp_path / 'photo.png'
    path.write_bytes(b'anything')
    return path


def script(transport):
    return {'--grpc': grpc_script, '--nogrpc': rest_script}[transport]


def query(address, *arguments, **options):
    return run_script(
        'query_server.py', f'--address={address}', *arguments, **options
    )


@pytest.mark.slow
def test_shipped_model_reads_test_images(tmp_path):
    """The MNIST test set begins with a 7, a 2 and a 1."""
    names = ['7.png', '2.png', '1.png']
    for name, image in zip(names, first_images(3)):
        (tmp_path / name).write_bytes(tf.io.encode_png(image).numpy())
    loader = Loader(SHIPPED)
    loader.warm_up()
    models = Models({1: loader}, {})
    with fake_grpc(models) as address:
        done = query(address, '--grpc', *names, '--number=7', cwd=tmp_path)
    loader.close()
    assert done.stderr == ''
    lines = [
        line.partition('  (digit ')[0] for line in done.stdout.splitlines()
    ]
    assert lines == [
        '7.png: 7 + 7 = 14',
        '2.png: 2 + 7 = 9',
        '1.png: 1 + 7 = 8',
    ]
    assert done.returncode == 0


def test_answer_is_one_line(transport, picture):
    asked = []
    with script(transport)([SEVEN], asked) as address:
        done = query(
            address, transport, 'photo.png', '--number=7', cwd=picture.parent
        )
    assert done.stderr == ''
    assert done.stdout == (
        'photo.png: 5 + 7 = 12  (digit 99.8 %, sum 99.8 %)\n'
    )
    assert done.returncode == 0
    assert len(asked) == 1


def test_answer_is_one_json_object(picture):
    with rest_script([SEVEN], []) as address:
        done = query(address, picture, '--number=7', '--json')
    assert json.loads(done.stdout) == {
        'picture': str(picture),
        'number': 7,
        'digit': 5,
        'sum': 12,
        'digit_probabilities': SEVEN['digit'][0].tolist(),
        'sum_probabilities': SEVEN['sum'][0].tolist(),
    }


def test_bad_pictures_do_not_stop_the_others(picture):
    large = picture.with_name('large.png')
    large.touch()
    os.truncate(large, MAX_BYTES + 1)
    with rest_script([SEVEN, 400, SEVEN], []) as address:
        done = query(
            address,
            *(picture, picture.parent, 'nothing.png', large, picture, picture),
            '--number=7',
        )
    assert len(done.stdout.splitlines()) == 2
    folder, nothing, too_large, refused = done.stderr.splitlines()
    assert too_large == f'error: {large}: has more than 100000000 bytes'
    assert folder == f'error: {picture.parent}: Is a directory'
    assert nothing == 'error: nothing.png: No such file or directory'
    assert refused == f'error: {picture}: {address}: Because of 400'
    assert done.returncode == 1


def test_version_and_label_are_asked_for(picture):
    asked = []
    with rest_script([SEVEN], asked) as address:
        query(address, picture, '--number=7', '--version=2')
        query(address, picture, '--number=7', '--label=canary')
    assert [path for path, _ in asked] == [
        '/v1/models/kerasadder/versions/2:predict',
        '/v1/models/kerasadder/labels/canary:predict',
    ]


FAKES = {'--grpc': fake_grpc, '--nogrpc': fake_rest}


@pytest.mark.parametrize('which', ['--version=2', '--label=nothing'])
def test_version_and_label_that_are_not_there(transport, picture, which):
    with FAKES[transport](Models({1: None}, {'stable': 1})) as address:
        done = query(address, transport, picture, '--number=7', which)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    wanted = which.partition('=')[2]
    start = f'error: {address}: serves no version {wanted} of model kerasadder'
    assert line.startswith(start)


def test_server_that_is_down_is_one_line(transport, picture):
    done = query(f'localhost:{free_port()}', transport, picture, '--number=7')
    assert done.returncode == 2
    assert done.stdout == ''
    (line,) = done.stderr.splitlines()
    assert line.startswith('error: localhost:')
    assert 'no TensorFlow Serving answers' in line


@pytest.mark.parametrize(
    'flags',
    [
        [],
        ['photo.png'],
        ['photo.png', '--number=10'],
        ['photo.png', '--number=-1'],
        ['photo.png', '--number=seven'],
        ['--number=7'],
        ['photo.png', '--number=7', '--address=localhost'],
        ['photo.png', '--number=7', '--version=1', '--label=stable'],
        ['photo.png', '--number=7', '--version=-1'],
    ],
)
def test_bad_flags_are_refused_in_one_line(flags):
    done = run_script('query_server.py', *flags)
    assert done.returncode == 2
    assert done.stdout == ''
    (line,) = done.stderr.splitlines()
    assert line.startswith('error: ')
