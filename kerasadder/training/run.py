"""Training, from a configuration to metrics, files and a SavedModel."""

import contextlib
import json
import pathlib
import shlex

import keras
import numpy as np
import tensorflow as tf

from kerasadder import evaluation
from kerasadder import files
from kerasadder.config import TrainingConfig
from kerasadder.data import batches
from kerasadder.data import splits
from kerasadder.errors import UserError
from kerasadder.serving import export
from kerasadder.training import callbacks
from kerasadder.training import compilation
from kerasadder.training import devices
from kerasadder.training import run_figures
from kerasadder.training import run_folder
from kerasadder.training import table_snapshots
from kerasadder.training.checkpoint import Checkpoint
from kerasadder.training.tensorboard import TensorBoardLog
from kerasadder.training.tensorboard import write_result


def train(
    config: TrainingConfig,
    data: dict[str, tuple[np.ndarray, np.ndarray]] | None = None,
    strategy: tf.distribute.Strategy | None = None,
) -> dict | None:
    """Trains, evaluates and exports a model as the configuration says.

    Example, on a few images of one's own:

    >>> images, labels = np.zeros((20, 28, 28, 1), np.uint8), np.arange(20) % 10
    >>> data = dict.fromkeys(('train', 'validation', 'test'), (images, labels))
    >>> config = kerasadder.TrainingConfig('quick', batch_size=10)
    >>> metrics = kerasadder.train(config, data)
    epoch 1/1  loss ...
    >>> metrics['test']['pairs']
    200

    The run's folder, `config.model_dir`, gets all files; if it holds an
    interrupted run of the same recipe, that run goes on.

    Args:
        config: The `TrainingConfig`.
        data: Dict from `train`, `validation` and `test` to `(images, labels)`,
            uint8 `(n, 28, 28, 1)` and integer `(n,)`; None for
            `config.dataset`.
        strategy: A `tf.distribute.Strategy`; None for one that uses every GPU,
            of every machine in `TF_CONFIG`.

    Returns:
        The dict that is written to `metrics.json`; None on another machine
        than the chief.

    Raises:
        UserError: If the configuration does not fit the data, the folder holds
            a run of another recipe or is in use, the loss is no number any
            more, or the accuracy is below `config.minimum_accuracy`.
        Stopped: On SIGINT or SIGTERM while training, with everything saved.
        OSError: If a folder cannot be written.
    """
    strategy = strategy or devices.get_strategy()
    where = {'name': config.dataset, 'data_dir': config.data_dir}
    if data:
        num_images = len(data['train'][1])
    else:
        num_images = splits.num_training_images(**where)
    with strategy.scope():
        steps_per_epoch = batches.steps_per_epoch(num_images, config.batch_size)
        compilation.steps_per_execution(config, steps_per_epoch)
    with (
        devices.own_folder(config, strategy) as config,
        run_folder.open_run_folder(config) as folder,
    ):
        if config.export_dir:
            export.prepare(config.export_dir)
        metrics = _metrics_of_complete_run(config, folder, strategy)
        if metrics:
            if not devices.is_chief(strategy):
                return None
            print(f'{folder}: this run is complete; nothing to do.')
            return metrics
        if data is None:
            names = ('train', 'validation', 'test')
            data = dict(zip(names, splits.load(*names, **where)))
        model, history = _fit(config, data, strategy, folder)
        if not devices.is_chief(strategy):
            return None
        return _finish(config, data, model, history, folder)


def _finish(config, data, model, history, folder):
    """Evaluates and exports a trained model; returns the metrics."""
    # What is kept computes in float32 on any hardware.
    final = compilation.config_model(config)
    final.set_weights(model.get_weights())
    with files.write_whole(folder / 'model.keras') as path:
        final.save(path)
    metrics, predictions = _evaluate(config, data, final)
    metrics |= _speed(config, data, history)
    write_result(folder / 'tensorboard', config.epochs, metrics['test'])
    run_figures.draw(
        folder,
        folder / 'figures',
        final,
        data['test'],
        predictions,
        config.dataset,
    )
    metrics |= {'model_dir': str(folder), 'saved_model': None}
    accuracy = metrics['test']['joint_accuracy']
    if accuracy < config.minimum_accuracy:
        files.write_json(folder / 'metrics.json', metrics)
        raise UserError(
            f'joint accuracy {accuracy:.5f} on the test images is below '
            f'minimum_accuracy={config.minimum_accuracy}: nothing exported.'
        )
    if config.export_dir:
        version = export.find_export(
            final, config.export_dir
        ) or export.export_saved_model(final, config.export_dir)
        metrics['saved_model'] = str(version)
    files.write_json(folder / 'metrics.json', metrics)
    return metrics


def _metrics_of_complete_run(config, folder, strategy):
    """Returns what an earlier call left, None if there is something to do."""
    path = folder / 'metrics.json'
    if not path.is_file():
        return None
    try:
        metrics = json.loads(path.read_text(encoding='utf-8'))
        accuracy = metrics['test']['joint_accuracy']
        saved_model = pathlib.Path(metrics['saved_model'] or '')
    except (ValueError, KeyError, TypeError):
        return None  # damaged, and soon written again
    if accuracy < config.minimum_accuracy:
        return None  # and so to the same end
    if config.export_dir:
        exports = pathlib.Path(config.export_dir).glob('[0-9]*')
        if saved_model not in exports:
            if devices.on_several_machines(strategy):
                # The others know nothing of it, and have left.
                flags = shlex.join(
                    [
                        f'--model={folder}/model.keras',
                        f'--export_dir={config.export_dir}',
                    ]
                )
                raise UserError(
                    f'{folder}: this run is complete; export it by '
                    f'scripts/export.py {flags}'
                )
            return None
    return metrics


def _fit(config, data, strategy, folder):
    """Trains; returns the model and the history, a list of dicts."""
    images, labels = data['train']
    steps_per_epoch = batches.steps_per_epoch(len(labels), config.batch_size)
    keras.utils.set_random_seed(config.seed)
    with strategy.scope():
        model = compilation.compiled_model(config, steps_per_epoch)
        every_number = evaluation.every_number_function(model)
        model.optimizer.build(model.trainable_variables)

    averaging = callbacks.WeightAveraging(
        model.trainable_variables,
        range(config.epochs - 1 - config.averaged_epochs, config.epochs - 1),
    )
    checkpoint = Checkpoint(
        folder, steps_per_epoch, config.checkpoint_steps, averaging.means
    )
    step = checkpoint.restore(model)
    validation = callbacks.ExhaustiveValidation(
        every_number, *data['validation'], compilation.loss_weights(config)
    )
    tensorboard = TensorBoardLog(folder / 'tensorboard', config, validation)
    tensorboard.forget_after(step // steps_per_epoch)
    while step < config.epochs * steps_per_epoch:
        epoch, done = divmod(step, steps_per_epoch)
        stream = batches.training_batches(
            images,
            labels,
            config.batch_size,
            steps=config.epochs * steps_per_epoch,
            seed=config.seed,
            augment=config.augmentation,
            rendered_share=config.rendered_share,
            first_step=step,
        )
        # First the rest of an epoch that was begun, then all others.
        until = epoch + 1 if done else config.epochs
        if done:
            with strategy.scope():
                _build_metrics(model, stream)
        with contextlib.ExitStack() as stack:
            if not devices.on_several_machines(strategy):
                # One cannot save without the others.
                stack.enter_context(checkpoint.stopping_on_signals())
            devices.fit(
                strategy,
                model,
                stream,
                epochs=until,
                initial_epoch=epoch,
                steps=steps_per_epoch - done,
                callbacks=[
                    callbacks.StopOnBadLoss(),
                    validation,
                    averaging,
                    callbacks.ProgressLog(config.epochs),
                    table_snapshots.TableNotes(
                        folder / 'tables', config.epochs * steps_per_epoch
                    ),
                    tensorboard,
                    checkpoint,
                ],
            )
        step = until * steps_per_epoch
    return model, checkpoint.history


def _build_metrics(model, stream):
    """Has Keras make the metrics' variables, which it else does in `fit`."""
    for inputs, targets in stream.take(1):
        outputs = model(inputs, training=False)
        model.compute_loss(inputs, targets, outputs)
        model.compute_metrics(inputs, targets, outputs)


def _evaluate(config, data, model):
    """Returns the scores on validation and test, and the test predictions."""
    every_number = evaluation.every_number_function(model)
    images, labels = data['test']
    predictions = evaluation.predict(every_number, images)
    metrics = {
        'preset': config.preset,
        'seed': config.seed,
        'dataset': config.dataset,
        'parameters': model.count_params(),
        'validation': evaluation.evaluate(every_number, *data['validation']),
        'test': evaluation.metrics(predictions, labels),
    }
    return metrics, predictions


def _speed(config, data, history):
    """Returns what training took, over all epochs, resumed or not."""
    seconds = sum(row['seconds'] for row in history)
    steps = batches.steps_per_epoch(len(data['train'][1]), config.batch_size)
    images = len(history) * steps * config.batch_size
    return {
        'epochs': len(history),
        'fit_seconds': seconds,
        'images_per_second': images / seconds,
    }
