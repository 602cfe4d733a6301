import dataclasses
import json
import re
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasadder import files
from kerasadder.data import batches
from kerasadder.errors import UserError
from kerasadder.task import SUMS
from kerasadder.training import callbacks
from kerasadder.training import table_snapshots
from tests.support.small_runs import small_config
from tests.support.small_runs import train
from tests.support.small_runs import versions
from tests.support.small_runs import weights


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
    names = {p.name for p in directory.iterdir()} - {files.LOCK}
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
    # The run has three epochs of 40 steps. Each epoch is one execution.
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


def test_training_takes_the_shares_of_the_configuration(
    stripes_data, tmp_path, monkeypatch
):
    class Stopped(Exception):
        pass

    def stop(*data, **given):
        assert (given['rendered_share'], given['drawn_share']) == (0.3, 0.7)
        raise Stopped

    monkeypatch.setattr(batches, 'training_batches', stop)
    config = small_config(tmp_path, rendered_share=0.3, drawn_share=0.7)
    with pytest.raises(Stopped):
        train(config, stripes_data)


def test_complete_run_is_left_alone(run, stripes_data, capsys):
    metrics, directory = run
    again = train(small_config(directory), stripes_data)
    assert again == metrics
    assert 'this run is complete' in capsys.readouterr().out
    assert versions(directory / 'export') == ['1']


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
    config = small_config(tmp_path, export_dir='', seed=1)
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


@pytest.mark.parametrize(
    ('optimizer', 'learning_rate'), [('adam', 0.02), ('sgd', 0.5)]
)
@pytest.mark.slow
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
        rendered_share=0.0,
        # Two convolutions learn less surely by SGD.
        trunk='4c5p-8c3-8c3p-16c3',
    )
    metrics = train(config, stripes_data)
    assert metrics['test']['joint_accuracy'] > 0.95
    model = keras.models.load_model(tmp_path / 'run' / 'model.keras')
    for *epochs, trained in zip(*ends, model.trainable_variables):
        mean = np.mean(epochs[1:4], axis=0)
        assert np.abs(epochs[3] - mean).max() > 0
        np.testing.assert_allclose(epochs[4], mean, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(epochs[4], trained)


@pytest.mark.slow
def test_temperature_divides_the_digit_logits(stripes_data, tmp_path):
    last = []
    for temperature in (1.0, 2.0):
        config = small_config(
            tmp_path / str(temperature),
            epochs=1,
            augmentation=False,
            export_dir='',
            temperature=temperature,
        )
        train(config, stripes_data)
        model = keras.models.load_model(f'{config.model_dir}/model.keras')
        last.append(model.get_layer('digit_logits').get_weights())
    for one, two in zip(*last):
        np.testing.assert_allclose(two, one / 2, rtol=1e-6)


def test_diverged_run_stops_and_exports_nothing(stripes_data, tmp_path):
    images, labels = stripes_data['train']
    images = images.astype(np.float32)
    images[1000] = np.nan
    data = {**stripes_data, 'train': (images, labels)}
    config = small_config(
        tmp_path,
        augmentation=False,
        steps_per_execution=1,
        checkpoint_steps=1,
    )
    with pytest.raises(UserError, match='training has diverged') as error:
        train(config, data)
    assert not (tmp_path / 'run' / 'model.keras').exists()
    assert not versions(tmp_path / 'export')
    # The last checkpoint is of the step before, and its numbers are finite.
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
        tmp_path,
        epochs=1,
        augmentation=False,
        learning_rate=1e-5,
        minimum_accuracy=1.0,
    )
    with pytest.raises(UserError, match='below minimum_accuracy='):
        train(config, stripes_data)
    assert not versions(tmp_path / 'export')
    metrics = json.loads((tmp_path / 'run' / 'metrics.json').read_text())
    assert metrics['saved_model'] is None
    # The same run is refused again, although it is complete now.
    with pytest.raises(UserError, match='below minimum_accuracy='):
        train(dataclasses.replace(config, export_dir=''), stripes_data)


@pytest.mark.parametrize('precision', ['bfloat16'])
@pytest.mark.slow
def test_mixed_precision_learns_and_leaves_float32(
    stripes_data, tmp_path, precision
):
    config = small_config(tmp_path, mixed_precision=precision, export_dir='')
    metrics = train(config, stripes_data)
    assert metrics['test']['joint_accuracy'] > 0.9
    model = keras.models.load_model(tmp_path / 'run' / 'model.keras')
    assert {layer.compute_dtype for layer in model.layers} == {'float32'}


@pytest.mark.slow
def test_two_devices_learn_as_one_does(stripes_data, tmp_path):
    strategy = tf.distribute.MirroredStrategy(['CPU:0', 'CPU:1'])
    config = small_config(tmp_path, epochs=4, averaged_epochs=1)
    metrics = train(config, stripes_data, strategy)
    assert metrics['test']['joint_accuracy'] > 0.95
    assert metrics['epochs'] == 4
    tf.saved_model.load(metrics['saved_model'])
