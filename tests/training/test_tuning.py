"""Tests training that starts from the weights of a trained model."""

import signal

import numpy as np
import pytest

from kerasadder.config import TrainingConfig
from kerasadder.errors import UserError
from kerasadder.serving import model_files
from kerasadder.training import callbacks
from kerasadder.training import checkpoint
from kerasadder.training import compilation
from kerasadder.training.plan import plan_run
from kerasadder.training.run import train
from tests.support.picture_folders import few_of_each
from tests.support.picture_folders import mirrored_stripes
from tests.support.picture_folders import write_pictures
from tests.support.small_runs import SMALL
from tests.support.small_runs import history
from tests.support.small_runs import small_config
from tests.support.small_runs import weights

TUNED = {'mnist_images': 0, 'batch_size': 20, 'augmentation': False}


@pytest.fixture(scope='module')
def trained(run):
    """Returns the file of a model that reads stripes, but not mirrored ones."""
    return run[1] / 'run' / 'model.keras'


@pytest.fixture(scope='module')
def pictures(tmp_path_factory):
    """Returns a folder of 100 pictures of mirrored stripes."""
    images, labels = few_of_each(*mirrored_stripes(400, seed=3), count=10)
    return write_pictures(tmp_path_factory.mktemp('hand'), images, labels)


def compiled(**fields):
    return compilation.compiled_model(
        plan_run(TrainingConfig(**{**SMALL, **fields}), steps_per_epoch=1)
    )


@pytest.mark.slow
def test_hundred_pictures_make_a_better_model_of_them(
    trained, pictures, tmp_path
):
    config = small_config(
        tmp_path,
        **{**TUNED, 'epochs': 12, 'export_dir': ''},
        init=str(trained),
        dataset=str(pictures),
    )
    metrics = train(config)
    assert metrics['test']['images'] == 20
    assert metrics['validation']['images'] == 10
    # Before the tuning every answer is wrong, because digit d looks like 9 - d.
    assert metrics['test']['digit_accuracy'] > 0.8
    assert metrics['test']['joint_accuracy'] > 0.8


def test_training_starts_from_the_weights_of_a_file(trained):
    expected = model_files.load_model(trained).get_weights()
    for one, other in zip(
        compiled(init=str(trained)).get_weights(), expected, strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_training_starts_from_an_export_and_from_the_shipped_one(
    run, trained, monkeypatch
):
    model = model_files.load_model(trained)
    version = run[1] / 'export' / '1'
    monkeypatch.setattr(model_files, 'SHIPPED', version)
    for init in ('shipped', str(version)):
        for one, other in zip(
            compiled(init=init).get_weights(), model.get_weights(), strict=True
        ):
            np.testing.assert_array_equal(one, other)


def test_addition_table_stays_as_it_was(trained):
    model = compiled(init=str(trained))
    table = model.get_layer('addition_table')
    assert not table.trainable
    assert compiled().get_layer('addition_table').trainable


def test_frozen_trunk_leaves_the_digit_logits_to_train(trained):
    model = compiled(init=str(trained), freeze_trunk=True)
    names = [variable.path for variable in model.trainable_variables]
    assert names == ['digit_logits/kernel', 'digit_logits/bias']


def test_model_of_another_trunk_is_refused(trained):
    with pytest.raises(UserError, match='not a model of trunk=4c5p-8c3') as e:
        compiled(init=str(trained), trunk='4c5p-8c3')
    assert len(str(e.value).splitlines()) == 1


def test_missing_model_is_refused_before_a_folder_is_made(pictures, tmp_path):
    missing = str(tmp_path / 'none.keras')
    config = small_config(
        tmp_path, init=missing, dataset=str(pictures), **TUNED
    )
    with pytest.raises(UserError, match=r'none\.keras: no such file'):
        train(config)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_stopped_tuning_among_mnist_goes_on_exactly(
    trained, pictures, tmp_path, monkeypatch
):
    def config(name):
        return small_config(
            tmp_path / name,
            **{**TUNED, 'mnist_images': 200, 'augmentation': True},
            steps_per_execution=1,
            epochs=2,
            export_dir='',
            init=str(trained),
            dataset=str(pictures),
        )

    metrics = train(config('whole'))
    # The 70 pictures have 140 readings. They are repeated until they are as
    # many as the 200 images of MNIST.
    images = metrics['images_per_second'] * metrics['fit_seconds']
    assert round(images) == 2 * (200 + 200)
    end = callbacks.ProgressLog.on_train_batch_end

    def stop(self, batch, logs):
        end(self, batch, logs)
        if batch == 7:
            signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patch, pytest.raises(checkpoint.Stopped):
        patch.setattr(callbacks.ProgressLog, 'on_train_batch_end', stop)
        train(config('stopped'))
    train(config('stopped'))
    whole, stopped = tmp_path / 'whole', tmp_path / 'stopped'
    assert history(stopped) == history(whole)
    for one, other in zip(weights(stopped), weights(whole), strict=True):
        np.testing.assert_array_equal(one, other)
