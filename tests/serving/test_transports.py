import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from kerasadder.errors import UserError
from kerasadder.serving import transports
from kerasadder.serving.client import Client
from tests.support.scripted_servers import IMAGES
from tests.support.scripted_servers import OUTPUTS
from tests.support.scripted_servers import scripted


@pytest.mark.parametrize(
    'reply', [b'<html>Welcome\nto nginx</html>', b'', b'[1, 2]', b'\xff\xfe']
)
def test_reply_that_is_not_json_of_serving(reply):
    with scripted('rest', reply) as (client, asked):
        with pytest.raises(
            transports.ServingError, match=r'not JSON of TensorFlow Serving'
        ):
            client.predict(IMAGES, 7)
        assert len(asked) == 1


@pytest.mark.parametrize(
    'reply',
    [
        b'{}',
        b'{"outputs": [1, 2]}',
        b'{"outputs": {"digit": "five"}}',
        b'{"outputs": {"digit": [[1], [2, 3]]}}',
        b'{"outputs": {"digit": null}}',
    ],
)
def test_json_that_is_no_answer(reply):
    with (
        scripted('rest', reply) as (client, _),
        pytest.raises(transports.ServingError, match="the reply's digit "),
    ):
        client.predict(IMAGES, 7)


def test_address_that_no_host_can_have():
    with (
        Client('a..b:8501', retries=0) as client,
        pytest.raises(transports.Unavailable, match='Failed to parse'),
    ):
        client.predict(IMAGES, 7)


def test_request_over_rest():
    with scripted('rest', OUTPUTS, model='a/b', version=0) as (client, asked):
        client.predict(IMAGES, [7, 0])
        client.classify([b'\xff', b''], [7, 10])
    path, body = asked[0]
    assert path == '/v1/models/a%2Fb/versions/0:predict'
    assert body == {
        'signature_name': 'serving_default',
        'inputs': {
            'image': IMAGES.tolist(),
            'number': np.eye(10)[[7, 0]].tolist(),
        },
    }
    assert asked[1][1] == {
        'signature_name': 'classify_bytes',
        'inputs': {'image': [{'b64': '/w=='}, {'b64': ''}], 'number': [7, 10]},
    }
    with scripted('rest', OUTPUTS, label='stable') as (client, asked):
        client.predict(IMAGES, 7)
    assert asked[0][0] == '/v1/models/kerasadder/labels/stable:predict'


def test_request_over_grpc():
    with scripted('grpc', OUTPUTS, model='a/b', version=0) as (client, asked):
        client.predict(IMAGES, [7, 0])
        client.classify([b'\xff', b''], [7, 10])
    specs = [request.model_spec for request in asked]
    assert [spec.name for spec in specs] == ['a/b', 'a/b']
    assert all(spec.HasField('version') for spec in specs)
    assert [spec.version.value for spec in specs] == [0, 0]
    signatures = [spec.signature_name for spec in specs]
    assert signatures == ['serving_default', 'classify_bytes']
    given = [
        {k: tf.make_ndarray(v) for k, v in request.inputs.items()}
        for request in asked
    ]
    np.testing.assert_array_equal(given[0]['image'], IMAGES)
    np.testing.assert_array_equal(given[0]['number'], np.eye(10)[[7, 0]])
    assert given[1]['image'].tolist() == [b'\xff', b'']
    assert given[1]['number'].tolist() == [7, 10]
    assert given[1]['number'].dtype == np.int32
    with scripted('grpc', OUTPUTS, label='stable') as (client, asked):
        client.predict(IMAGES, 7)
    assert asked[0].model_spec.version_label == 'stable'


@pytest.mark.parametrize(
    ('transport', 'module'), [('rest', 'requests'), ('grpc', 'grpc')]
)
def test_missing_extra_is_named(transport, module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError, match=r"pip install -e '\.\[serving\]'"):
        Client(transport=transport)


def test_rest_imports_no_tensorflow():
    subprocess.run(
        [
            sys.executable,
            '-c',
            'import sys; from kerasadder.serving.client import Client\n'
            'Client().close()\n'
            "assert not {'tensorflow', 'keras', 'grpc'} & set(sys.modules)",
        ],
        check=True,
        timeout=60,
    )
