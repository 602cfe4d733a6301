"""Tests the files of TensorFlow Serving, compose and Kubernetes in serving/.

No test runs the server's image. The tests check that each file is valid in its
format. They check that the files agree with each other, with the client and
with the model. And they run fake servers with the same flags.
"""

import copy
import re
import subprocess
import time
from concurrent import futures

import numpy as np
import pytest
import requests
import yaml
from google.protobuf import descriptor_pb2
from google.protobuf import descriptor_pool
from google.protobuf import message_factory
from google.protobuf import text_format
from google.protobuf import wrappers_pb2
from tensorflow_serving.config import model_server_config_pb2

from kerasadder.serving.client import Client
from kerasadder.serving.limits import MAX_EXAMPLES
from tests.support import kubernetes_schema
from tests.support import real_serving
from tests.support.fake_grpc import fake_grpc
from tests.support.fake_models import Models
from tests.support.fake_rest import fake_rest
from tests.support.fake_rest import rest_server
from tests.support.scripted_servers import IMAGES
from tests.support.scripted_servers import free_port
from tests.support.scripts import ROOT

CONFIGS = ROOT / 'serving'
FIELD = descriptor_pb2.FieldDescriptorProto

# tensorflow-serving-api 2.21 has no MonitoringConfig and no BatchingParameters.
# These are the name, the number and the type of each field. They come from
# Serving's source, from config/monitoring_config.proto and from
# servables/tensorflow/session_bundle_config.proto.
DEFINITIONS = {
    'PrometheusConfig': [('enable', 1, 'bool'), ('path', 2, 'string')],
    'MonitoringConfig': [('prometheus_config', 1, '.PrometheusConfig')],
    'BatchingParameters': [
        ('max_batch_size', 1, '.google.protobuf.Int64Value'),
        ('batch_timeout_micros', 2, '.google.protobuf.Int64Value'),
        ('max_enqueued_batches', 3, '.google.protobuf.Int64Value'),
        ('num_batch_threads', 4, '.google.protobuf.Int64Value'),
    ],
}


def message_class(name):
    """Makes the protobuf class of a message in `DEFINITIONS`."""
    file = descriptor_pb2.FileDescriptorProto(
        name='serving.proto',
        syntax='proto3',
        dependency=[wrappers_pb2.DESCRIPTOR.name],
    )
    for message, fields in DEFINITIONS.items():
        definition = file.message_type.add(name=message)
        for field, number, kind in fields:
            field = definition.field.add(name=field, number=number)
            field.label = FIELD.LABEL_OPTIONAL
            if kind.startswith('.'):
                field.type, field.type_name = FIELD.TYPE_MESSAGE, kind
            else:
                field.type = getattr(FIELD, f'TYPE_{kind.upper()}')
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


def parsed(name, message):
    return text_format.Parse((CONFIGS / name).read_text(), message)


@pytest.fixture(scope='module')
def compose():
    return yaml.safe_load((CONFIGS / 'compose.yaml').read_text())


def test_models_config():
    config = parsed(
        'models.config', model_server_config_pb2.ModelServerConfig()
    )
    (model,) = config.model_config_list.config
    assert model.name == 'kerasadder'
    assert model.model_platform == 'tensorflow'
    assert model.model_version_policy.HasField('all')
    for version in model.version_labels.values():
        assert (ROOT / 'saved_models' / 'kerasadder' / str(version)).is_dir()


def test_batching_config():
    config = parsed('batching.config', message_class('BatchingParameters')())
    assert config.max_batch_size.value == MAX_EXAMPLES
    assert config.num_batch_threads.value >= 1


def test_monitoring_config():
    config = parsed('monitoring.config', message_class('MonitoringConfig')())
    assert config.prometheus_config.enable
    assert config.prometheus_config.path.startswith('/')


def test_unknown_field_is_no_config():
    with pytest.raises(text_format.ParseError):
        text_format.Parse('batch: 3', message_class('BatchingParameters')())


@pytest.mark.parametrize('service', ['serving', 'replica'])
def test_compose_runs_the_pinned_server_with_all_configs(compose, service):
    service = compose['services'][service]
    assert service['image'] == real_serving.IMAGE
    mounts = dict(volume.split(':')[:2] for volume in service['volumes'])
    mounts = {target: CONFIGS / source for source, target in mounts.items()}
    for name in ('models', 'monitoring'):
        assert any(
            flag.endswith(f'=/configs/{name}.config')
            for flag in service['command']
        )
        assert (mounts['/configs'] / f'{name}.config').is_file()
    config = parsed(
        'models.config', model_server_config_pb2.ModelServerConfig()
    )
    base_path = config.model_config_list.config[0].base_path
    saved_models = ROOT / 'saved_models' / 'kerasadder'
    assert mounts[base_path].resolve() == saved_models


def flags_of(name):
    """Returns the server's flags in compose.yaml or kubernetes.yaml."""
    loaded = list(yaml.safe_load_all((CONFIGS / name).read_text()))
    if name == 'kubernetes.yaml':
        return _container(loaded[0]['spec']['template'])['args']
    return loaded[0]['services']['serving']['command']


DEFAULTS = ['compose.yaml', 'kubernetes.yaml']
BATCHING = [
    '--enable_batching=true',
    '--batching_parameters_file=/configs/batching.config',
]


class Loader:
    """Replaces `cpp_loader.Loader`; answers zeros after 0.2 s."""

    def inputs(self, unused_signature):
        return {'image': np.float32, 'number': np.float32}

    def run(self, unused_signature, inputs):
        time.sleep(0.2)
        count = len(inputs['image'])
        return {'digit': np.zeros((count, 10)), 'sum': np.zeros((count, 19))}


@pytest.mark.parametrize('name', DEFAULTS)
def test_empty_batch_wedges_no_server(name):
    batching = '--enable_batching=true' in flags_of(name)
    with fake_rest(Models({1: Loader()}, {}, batching)) as address:
        url = f'http://{address}/v1/models/kerasadder:predict'
        empty = {'inputs': {'image': [], 'number': []}}
        assert requests.post(url, json=empty, timeout=10).ok


@pytest.mark.parametrize('name', DEFAULTS)
def test_server_answers_32_grpc_calls_at_once(name):
    given = dict(flag.split('=', 1) for flag in flags_of(name))
    # By default the server has four threads a core. CI's machines have two
    # cores.
    threads = int(given.get('--grpc_max_threads', 8))
    with (
        fake_grpc(Models({1: Loader()}, {}), threads) as address,
        Client(address, transport='grpc', retries=0, timeout=60) as client,
        futures.ThreadPoolExecutor(32) as pool,
    ):
        answers = pool.map(lambda _: client.predict(IMAGES, 7), range(32))
        assert all(answer['sum'].shape == (2, 19) for answer in answers)


def test_every_documented_server_has_threads_enough():
    docs = (ROOT / 'docs' / 'serving.md').read_text()
    commands = re.findall(
        r'(?m)^(?:docker run|tensorflow_model_server)(?:.*\\\n)*.*', docs
    )
    assert len(commands) == 2
    assert all('--grpc_max_threads=64' in command for command in commands)


def test_second_compose_file_adds_batching(compose):
    text = (CONFIGS / 'compose.batching.yaml').read_text()
    services = yaml.safe_load(text)['services']
    assert set(services) == {'serving', 'replica'}
    for name, service in services.items():
        command = compose['services'][name]['command']
        assert service == {'command': command + BATCHING}


def test_kubernetes_patch_adds_batching(objects):
    text = (CONFIGS / 'kubernetes.batching.yaml').read_text()
    patch = yaml.safe_load(text)
    for change in patch:
        assert change['op'] == 'add'
        *path, last = change['path'].strip('/').split('/')
        assert last == '-'  # appends to the list
        target = objects['Deployment']
        for key in path:
            target = target[int(key) if isinstance(target, list) else key]
        assert target == flags_of('kubernetes.yaml')
    assert [change['value'] for change in patch] == BATCHING


@pytest.mark.parametrize('service', ['serving', 'nginx'])
def test_ports_are_those_that_the_client_asks(compose, service):
    ports = compose['services'][service]['ports']
    assert ports == ['127.0.0.1:8500:8500', '127.0.0.1:8501:8501']


def test_health_check_tells_a_server_that_serves_from_others(compose):
    command = compose['services']['serving']['healthcheck']['test']
    assert command[0] == 'CMD'

    def passes(port):
        check = [part.replace('8501', str(port)) for part in command[1:]]
        return subprocess.run(check, check=False, timeout=10).returncode == 0

    def answer(method, path, unused_body):
        assert (method, path) == ('GET', '/v1/models/kerasadder')
        return 200, state

    with rest_server(answer) as address:
        port = address.rpartition(':')[2]
        state = b'{"model_version_status": [{"state": "AVAILABLE"}]}'
        assert passes(port)
        state = b'{"model_version_status": [{"state": "LOADING"}]}'
        assert not passes(port)
    assert not passes(free_port())


@pytest.fixture(scope='module')
def objects():
    """Returns the objects of kubernetes.yaml by their kind."""
    text = (CONFIGS / 'kubernetes.yaml').read_text()
    return {item['kind']: item for item in yaml.safe_load_all(text)}


@pytest.fixture(scope='module')
def pod(objects):
    return objects['Deployment']['spec']['template']


def test_kubernetes_objects_are_as_published(objects):
    assert set(objects) == set(kubernetes_schema.KINDS)
    for manifest in objects.values():
        assert kubernetes_schema.errors(manifest) == []


def test_unknown_field_is_no_kubernetes_object(objects):
    manifest = copy.deepcopy(objects['Deployment'])
    manifest['spec']['template']['spec']['containers'][0]['arg'] = []
    (error,) = kubernetes_schema.errors(manifest)
    assert "'arg' was unexpected" in error


def test_kubernetes_runs_what_compose_runs(pod, compose):
    (container,) = pod['spec']['containers']
    service = compose['services']['replica']
    assert container['image'] == service['image']
    assert set(service['command']) <= set(container['args'])
    targets = {v.split(':')[1] for v in service['volumes']}
    mounts = {m['mountPath']: m for m in container['volumeMounts']}
    assert all(mounts[target]['readOnly'] for target in targets)
    volumes = {volume['name'] for volume in pod['spec']['volumes']}
    assert {mount['name'] for mount in mounts.values()} == volumes


def test_kubernetes_objects_are_of_the_same_pods(objects, pod):
    labels = pod['metadata']['labels']
    for kind in ('Deployment', 'PodDisruptionBudget'):
        assert objects[kind]['spec']['selector']['matchLabels'] == labels
    service = objects['Service']['spec']
    assert service['selector'] == labels
    ports = {p['name']: p['containerPort'] for p in _container(pod)['ports']}
    assert {p['targetPort']: p['port'] for p in service['ports']} == ports
    assert ports == {'grpc': 8500, 'rest': 8501}
    target = objects['HorizontalPodAutoscaler']['spec']['scaleTargetRef']
    assert target['kind'] == 'Deployment'
    assert target['name'] == objects['Deployment']['metadata']['name']


def test_pod_has_no_rights(pod):
    assert pod['spec']['securityContext']['runAsNonRoot']
    assert not pod['spec']['automountServiceAccountToken']
    rights = _container(pod)['securityContext']
    assert rights['readOnlyRootFilesystem']
    assert not rights['allowPrivilegeEscalation']
    assert rights['capabilities'] == {'drop': ['ALL']}


@pytest.mark.parametrize('probe', ['startup', 'readiness', 'liveness'])
def test_probe_asks_for_the_model(pod, probe):
    request = _container(pod)[f'{probe}Probe']['httpGet']
    assert request['port'] == 'rest'
    path = request['path'].removesuffix('/metadata')
    models = Models({1: None}, {})
    with fake_rest(models) as address:
        assert requests.get(f'http://{address}{path}', timeout=60).ok


def _container(pod):
    return pod['spec']['containers'][0]
