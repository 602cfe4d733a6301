import dataclasses
import json
import os
import re
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.plugins.hparams import plugin_data_pb2

from kerasadder.config import preset_config
from kerasadder.data.batches import training_batches
from kerasadder.errors import UserError
from kerasadder.task import SUMS
from kerasadder.training import callbacks
from kerasadder.training import compilation
from kerasadder.training import schedules
from kerasadder.training import table_snapshots
from kerasadder.training.run import train
from tests.small_runs import history
from tests.small_runs import read_events
from tests.small_runs import small_config
from tests.small_runs import weights


def test_learns(run):
    assert run[0]['test']['joint_accuracy'] > 0.95


def test_metrics_have_their_keys(run):
    metrics, directory = run
    assert {
        'preset',
        'seed',
        'dataset',
        'parameters',
        'epochs',
        'fit_seconds',
        'images_per_second',
        'validation',
        'test',
    } <= set(metrics)
    assert {
        'images',
        'pairs',
        'digit_accuracy',
        'sum_accuracy',
        'joint_accuracy',
        'consistency',
        'digit_loss',
        'sum_loss',
        'digit_ece',
        'sum_ece',
        'digit_errors',
    } <= set(metrics['test'])
    assert metrics['test']['pairs'] == 10 * metrics['test']['images'] == 2000
    written = json.loads((directory / 'run' / 'metrics.json').read_text())
    assert written == metrics


def test_leaves_its_files(run):
    directory = run[1] / 'run'
    names = {p.name for p in directory.iterdir()}
    assert names == {
        'checkpoints',
        'config.json',
        'figures',
        'history.csv',
        'metrics.json',
        'model.keras',
        'tables',
        'tensorboard',
    }
    figures = {path.name for path in (directory / 'figures').iterdir()}
    assert figures == {
        'addition_table.png',
        'addition_table_steps.png',
        'confusion.png',
        'learning_curves.png',
        'predictions.png',
        'reliability.png',
        'wrong_images.png',
    }


def test_table_is_noted_before_during_and_after_training(run):
    notes = table_snapshots.read_table_notes(run[1] / 'run' / 'tables')
    # Three epochs of 40 steps, an execution each.
    assert list(notes) == [0, 40, 80, 120]
    np.testing.assert_allclose(notes[0], -np.log(19), rtol=1e-6)
    model = keras.models.load_model(run[1] / 'run' / 'model.keras')
    np.testing.assert_array_equal(
        notes[120], model.get_layer('addition_table').log_table()
    )
    right = [(notes[step].argmax(-1) == SUMS).sum() for step in (40, 120)]
    assert 1 < right[0] <= right[1] == 100


def test_exports_the_trained_model(run, stripes_data):
    metrics, directory = run
    assert metrics['saved_model'] == str(directory / 'export' / '1')
    loaded = tf.saved_model.load(metrics['saved_model'])
    images, labels = stripes_data['test']
    digit = loaded.signatures['serving_default'](
        image=tf.cast(images, tf.float32),
        number=tf.one_hot(tf.zeros(200, tf.int32), 10),
    )['digit']
    errors = (np.argmax(digit, axis=-1) != labels).sum()
    assert errors == metrics['test']['digit_errors']


def test_complete_run_is_left_alone(run, stripes_data, capsys):
    metrics, directory = run
    again = train(small_config(directory), stripes_data)
    assert again == metrics
    assert 'this run is complete' in capsys.readouterr().out
    assert os.listdir(directory / 'export') == ['1']


def test_complete_run_of_damaged_metrics_is_completed_again(
    run, stripes_data, tmp_path
):
    metrics, directory = run
    shutil.copytree(directory, tmp_path, dirs_exist_ok=True)
    for text in ('', '{"test": {}}', 'null'):
        (tmp_path / 'run' / 'metrics.json').write_text(text)
        config = small_config(tmp_path, export_dir='')
        assert train(config, stripes_data)['test'] == metrics['test']


def test_other_seed_gives_other_weights(run, stripes_data, tmp_path):
    config = small_config(tmp_path, export_dir='', seed=1, epochs=1)
    train(config, stripes_data)
    assert (weights(run[1])[0] != weights(tmp_path)[0]).any()


@pytest.mark.parametrize(
    ('other', 'message'),
    [
        ({'seed': 5}, 'seed=0, not 5'),
        ({'dataset': 'kmnist'}, 'dataset=mnist, not kmnist'),
    ],
)
def test_other_config_in_the_folder_is_refused(
    other, message, run, stripes_data
):
    with pytest.raises(UserError, match=message):
        train(small_config(run[1], **other), stripes_data)


def test_each_loss_reaches_its_own_output_with_its_weight():
    config = preset_config(
        batch_size=32, dropout=0.0, mixed_precision='float32'
    )
    model = compilation.compiled_model(config, steps_per_epoch=2)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (32, 28, 28, 1), np.uint8)
    labels = rng.integers(0, 10, 32)
    ((inputs, targets),) = training_batches(images, labels, 32, 1, 0)
    outputs = model(inputs, training=True)
    expected = {
        name: -np.mean(
            np.log(
                np.take_along_axis(
                    outputs[name].numpy(), targets[name].numpy()[:, None], -1
                )
            )
        )
        for name in ('digit', 'sum')
    }
    logs = model.train_on_batch(inputs, targets, return_dict=True)
    assert logs['digit_loss'] == pytest.approx(expected['digit'], rel=1e-4)
    assert logs['sum_loss'] == pytest.approx(expected['sum'], rel=1e-4)
    half = 0.5 * expected['digit'] + 0.5 * expected['sum']
    assert logs['loss'] == pytest.approx(half, rel=1e-4)


@pytest.mark.parametrize(
    'weight, moved', [('digit_loss_weight', False), ('sum_loss_weight', True)]
)
def test_only_the_sum_loss_moves_the_table(weight, moved):
    others = {'digit_loss_weight': 0.0, 'sum_loss_weight': 0.0}
    config = preset_config(batch_size=32, **{**others, weight: 1.0})
    model = compilation.compiled_model(config, steps_per_epoch=1)
    images = np.zeros((32, 28, 28, 1), np.uint8)
    ((inputs, targets),) = training_batches(
        images, np.arange(32) % 10, 32, 1, 0
    )
    model.train_on_batch(inputs, targets)
    table = model.get_layer('addition_table').table_logits.numpy()
    assert table.any() == moved


def test_learning_rate_rises_then_falls_to_nothing():
    config = preset_config(epochs=10, learning_rate=0.01)
    model = compilation.compiled_model(config, steps_per_epoch=10)
    schedule = model.optimizer._learning_rate
    rates = [float(schedule(step)) for step in range(101)]
    assert rates[0] == pytest.approx(0.01 / 25)
    assert max(rates) == rates[20] == pytest.approx(0.01)
    assert rates[100] == pytest.approx(0, abs=1e-9)
    assert sorted(rates[:21]) == rates[:21]
    assert sorted(rates[20:], reverse=True) == rates[20:]


def test_learning_rate_is_constant_while_weights_are_averaged():
    config = preset_config(epochs=10, averaged_epochs=3, learning_rate=0.01)
    model = compilation.compiled_model(config, steps_per_epoch=10)
    schedule = model.optimizer._learning_rate
    rates = [float(schedule(step)) for step in range(100)]
    cycle = schedules.one_cycle(0.01, 60)
    assert rates[:60] == [float(cycle(step)) for step in range(60)]
    assert rates[60:90] == pytest.approx([0.01 / 4] * 30)
    assert rates[90:] == [0] * 10


@pytest.mark.parametrize(
    ('optimizer', 'learning_rate'), [('adam', 0.02), ('sgd', 0.5)]
)
def test_run_ends_with_the_mean_of_the_averaged_epochs(
    optimizer, learning_rate, stripes_data, tmp_path, monkeypatch
):
    ends = []
    on_epoch_end = callbacks.WeightAveraging.on_epoch_end

    def noted(self, epoch, logs=None):
        ends.append([w.numpy() for w in self.model.trainable_variables])
        on_epoch_end(self, epoch, logs)

    monkeypatch.setattr(callbacks.WeightAveraging, 'on_epoch_end', noted)
    config = small_config(
        tmp_path,
        optimizer=optimizer,
        learning_rate=learning_rate,
        epochs=5,
        averaged_epochs=3,
    )
    metrics = train(config, stripes_data)
    assert metrics['test']['joint_accuracy'] > 0.95
    model = keras.models.load_model(tmp_path / 'run' / 'model.keras')
    for *epochs, trained in zip(*ends, model.trainable_variables):
        mean = np.mean(epochs[1:4], axis=0)
        assert np.abs(epochs[3] - mean).max() > 0
        np.testing.assert_allclose(epochs[4], mean, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(epochs[4], trained)


@pytest.mark.parametrize('optimizer', ['adam', 'sgd'])
def test_weight_decay_spares_the_table_alone(optimizer):
    config = preset_config(
        optimizer=optimizer, weight_decay=0.5, learning_rate=2.0
    )
    model = compilation.compiled_model(config, steps_per_epoch=40)
    variables = model.trainable_variables
    for variable in variables:
        variable.assign(tf.ones_like(variable))
    model.optimizer.apply([tf.zeros_like(v) for v in variables], variables)
    decayed = 1 - 0.5 * 2.0 / 25  # the first of the learning rates
    for variable in variables:
        expected = 1 if variable.name == 'table_logits' else decayed
        np.testing.assert_allclose(variable, expected, rtol=1e-6)


def test_sgd_goes_by_nesterov_momentum():
    config = preset_config(optimizer='sgd', learning_rate=2.5)
    optimizer = compilation.compiled_model(config, 10_000).optimizer
    variable = keras.Variable([0.0])
    optimizer.apply([tf.ones(1)], [variable])
    # Twice the gradient's step: momentum 0.9, looked ahead.
    np.testing.assert_allclose(variable, [-0.1 * 1.9], rtol=1e-3)


def test_steps_per_execution_divides_the_epoch():
    for steps, expected in ((429, 39), (859, 1), (64, 64), (1, 1)):
        model = compilation.compiled_model(preset_config(), steps)
        assert model.steps_per_execution == expected


def test_steps_per_execution_that_would_blur_epochs_is_refused():
    config = preset_config(steps_per_execution=32)
    with pytest.raises(UserError, match=r'--steps_per_execution=32.*429.*39'):
        compilation.compiled_model(config, steps_per_epoch=429)


def test_diverged_run_stops_and_exports_nothing(stripes_data, tmp_path):
    train, *_ = stripes_data.values()
    images = train[0].astype(np.float32)
    images[1000] = np.nan
    data = {**stripes_data, 'train': (images, train[1])}
    config = small_config(tmp_path, steps_per_execution=1, checkpoint_steps=1)
    with pytest.raises(UserError, match='training has diverged') as error:
        train(config, data)
    assert not (tmp_path / 'run' / 'model.keras').exists()
    assert not os.listdir(tmp_path / 'export')
    # What was saved last is of the step before, and good.
    step = int(re.search(r'at step (\d+)', str(error.value))[1])
    newest = max((tmp_path / 'run' / 'checkpoints').iterdir())
    assert newest.name == f'step_{step - 1:08}.npz'
    with np.load(newest) as arrays:
        numbers = [
            array for array in arrays.values() if array.dtype.kind == 'f'
        ]
    assert all(np.isfinite(array).all() for array in numbers)


def test_model_below_the_minimum_accuracy_is_not_exported(
    stripes_data, tmp_path
):
    config = small_config(
        tmp_path, epochs=1, learning_rate=1e-5, minimum_accuracy=1.0
    )
    with pytest.raises(UserError, match='below --minimum_accuracy='):
        train(config, stripes_data)
    assert not os.listdir(tmp_path / 'export')
    metrics = json.loads((tmp_path / 'run' / 'metrics.json').read_text())
    assert metrics['saved_model'] is None
    # And again: that the run is complete makes it no better.
    with pytest.raises(UserError, match='below --minimum_accuracy='):
        train(dataclasses.replace(config, export_dir=''), stripes_data)


def test_float16_scales_its_loss():
    config = preset_config(mixed_precision='float16')
    model = compilation.compiled_model(config, steps_per_epoch=1)
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)


@pytest.mark.parametrize(
    ('flags', 'policy'),
    [
        ({'fpu', 'avx512_bf16'}, 'mixed_bfloat16'),
        ({'fpu', 'amx_bf16'}, 'mixed_bfloat16'),
        ({'fpu', 'avx2'}, 'float32'),
        (set(), 'float32'),
    ],
)
def test_auto_is_bfloat16_where_the_cpu_has_it(flags, policy, monkeypatch):
    monkeypatch.setattr(compilation, '_cpu_flags', lambda: flags)
    model = compilation.compiled_model(preset_config(), steps_per_epoch=1)
    layer = next(layer for layer in model.layers if 'conv' in layer.name)
    assert layer.dtype_policy.name == policy


def test_auto_is_float32_on_a_gpu(monkeypatch):
    monkeypatch.setattr(compilation, '_cpu_flags', lambda: {'amx_bf16'})
    monkeypatch.setattr(tf.config, 'list_physical_devices', lambda kind: [kind])
    assert compilation._precision(preset_config()) == 'float32'


@pytest.mark.parametrize('precision', ['bfloat16'])
def test_mixed_precision_learns_and_leaves_float32(
    stripes_data, tmp_path, precision
):
    config = small_config(tmp_path, mixed_precision=precision, export_dir='')
    metrics = train(config, stripes_data)
    assert metrics['test']['joint_accuracy'] > 0.9
    model = keras.models.load_model(tmp_path / 'run' / 'model.keras')
    assert {layer.compute_dtype for layer in model.layers} == {'float32'}


def test_two_devices_learn_as_one_does(stripes_data, tmp_path):
    strategy = tf.distribute.MirroredStrategy(['CPU:0', 'CPU:1'])
    config = small_config(tmp_path, epochs=4, averaged_epochs=1)
    metrics = train(config, stripes_data, strategy)
    assert metrics['test']['joint_accuracy'] > 0.95
    assert metrics['epochs'] == 4
    tf.saved_model.load(metrics['saved_model'])


class TestTensorBoard:
    def test_scalars_of_train_and_validation(self, run):
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

    def test_scalars_are_those_of_the_history(self, run):
        events = read_events(run[1], 'validation').Tensors('sum_accuracy')
        values = [tf.make_ndarray(event.tensor_proto) for event in events]
        header, *rows = history(run[1])
        column = header.index('val_sum_accuracy')
        expected = [float(row[column]) for row in rows]
        np.testing.assert_allclose(values, expected, rtol=1e-6)

    def test_images_are_there_for_every_epoch(self, run):
        events = read_events(run[1], 'validation')
        for name in ('predictions', 'confusion', 'addition_table'):
            images = events.Tensors(name)
            assert [event.step for event in images] == [1, 2, 3]
            width, height, png = images[-1].tensor_proto.string_val[:3]
            picture = tf.io.decode_png(png)
            assert picture.shape[:2] == (int(height), int(width))
            assert np.ptp(picture) > 0

    def test_graph_and_config_are_there(self, run):
        events = read_events(run[1], 'train')
        names = {node.name.split('/')[-1] for node in events.Graph().node}
        assert {'image', 'number'} <= names
        (text,) = events.Tensors('config')
        assert b'|epochs|3|' in text.tensor_proto.string_val[0]

    def test_hyperparameters_and_final_accuracy_are_there_once(self, run):
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
        assert values['filters'].string_value == '[4, 8, 8, 16]'
        assert values['augmentation'].bool_value
        # Each metric is a scalar that is there.
        for info in parsed['experiment'].metric_infos:
            scalars = read_events(directory, info.name.group)
            assert info.name.tag in scalars.Tags()['tensors']
        (event,) = read_events(directory, 'test').Tensors('joint_accuracy')
        assert event.step == 3
        assert tf.make_ndarray(event.tensor_proto) == pytest.approx(
            metrics['test']['joint_accuracy']
        )
