import numpy as np
import pytest
import tensorflow as tf
from tensorboard.plugins.hparams import plugin_data_pb2

from tests.support.small_runs import history
from tests.support.small_runs import read_events
from tests.support.small_runs import small_config


def test_scalars_of_train_and_validation(run):
    names = {
        'loss',
        'digit_loss',
        'sum_loss',
        'digit_accuracy',
        'sum_accuracy',
    }
    train = read_events(run[1], 'train')
    validation = read_events(run[1], 'validation')
    assert names | {'learning_rate'} <= set(train.Tags()['tensors'])
    assert names | {'joint_accuracy'} <= set(validation.Tags()['tensors'])
    for events in (train, validation):
        for name in names:
            steps = [event.step for event in events.Tensors(name)]
            assert steps == [1, 2, 3]


def test_scalars_are_those_of_the_history(run):
    events = read_events(run[1], 'validation').Tensors('sum_accuracy')
    values = [tf.make_ndarray(event.tensor_proto) for event in events]
    header, *rows = history(run[1])
    column = header.index('val_sum_accuracy')
    expected = [float(row[column]) for row in rows]
    np.testing.assert_allclose(values, expected, rtol=1e-6)


def test_event_files_are_in_the_order_of_the_epochs(run):
    """TensorBoard reads files by name. A step takes back larger ones."""
    folder = run[1] / 'run' / 'tensorboard'
    names = [f'events.out.tfevents.epoch_000{epoch}' for epoch in range(5)]
    for part, expected in {
        '.': [names[0], names[4], 'test', 'train', 'validation'],
        'train': names[:4],
        'validation': names[1:4],
        'test': names[4:],
    }.items():
        assert sorted(p.name for p in (folder / part).iterdir()) == expected


def test_images_are_there_for_every_epoch(run):
    events = read_events(run[1], 'validation')
    for name in ('predictions', 'confusion', 'addition_table'):
        images = events.Tensors(name)
        assert [event.step for event in images] == [1, 2, 3]
        width, height, png = images[-1].tensor_proto.string_val[:3]
        picture = tf.io.decode_png(png)
        assert picture.shape[:2] == (int(height), int(width))
        assert np.ptp(picture) > 0


def test_graph_and_config_are_there(run):
    events = read_events(run[1], 'train')
    names = {node.name.split('/')[-1] for node in events.Graph().node}
    assert {'image', 'number'} <= names
    (text,) = events.Tensors('config')
    assert b'|epochs|3|' in text.tensor_proto.string_val[0]


def test_hyperparameters_and_final_accuracy_are_there_once(run):
    metrics, directory = run
    root = read_events(directory, '.')
    kinds = ('experiment', 'session_start_info', 'session_end_info')
    parsed = {}
    for kind in kinds:
        tag = f'_hparams_/{kind}'
        assert len(root.Tensors(tag)) == 1
        content = root.SummaryMetadata(tag).plugin_data.content
        data = plugin_data_pb2.HParamsPluginData.FromString(content)
        parsed[kind] = getattr(data, kind)
    values = parsed['session_start_info'].hparams
    assert set(values) == set(small_config(directory).recipe())
    assert values['epochs'].number_value == 3
    assert values['trunk'].string_value == '4c5p-16c5p'
    assert values['augmentation'].bool_value
    # The run has a scalar for each metric that it declares.
    for info in parsed['experiment'].metric_infos:
        scalars = read_events(directory, info.name.group)
        assert info.name.tag in scalars.Tags()['tensors']
    (event,) = read_events(directory, 'test').Tensors('joint_accuracy')
    assert event.step == 3
    assert tf.make_ndarray(event.tensor_proto) == pytest.approx(
        metrics['test']['joint_accuracy']
    )
