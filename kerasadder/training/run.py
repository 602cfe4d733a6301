"""Trains by a configuration; leaves metrics, files and a SavedModel."""

import dataclasses
import json
import pathlib
import shlex

import numpy as np
import tensorflow as tf

from kerasadder import evaluation
from kerasadder import files
from kerasadder.config import TrainingConfig
from kerasadder.data import batches
from kerasadder.data import splits
from kerasadder.errors import UserError
from kerasadder.serving import export
from kerasadder.training import compilation
from kerasadder.training import devices
from kerasadder.training import fitting
from kerasadder.training import run_figures
from kerasadder.training import run_folder
from kerasadder.training.plan import plan_run
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

    The run's folder, `config.model_dir`, gets all files. If it holds an
    interrupted run of the same recipe, that run resumes.

    Args:
        config: The `TrainingConfig`.
        data: Dict from `train`, `validation` and `test` to `(images, labels)`,
            uint8 `(n, 28, 28, 1)` and integer `(n,)`, as `splits.load` returns
            them; None for `config.dataset`.
        strategy: A `tf.distribute.Strategy`; None for one that uses every GPU,
            of every machine in `TF_CONFIG`.

    Returns:
        The dict in `metrics.json`. On several machines only the chief returns
        it; the others return None.

    Raises:
        UserError: If the configuration does not fit the data or the model to
            start from, the folder holds a run of another recipe or is in use,
            the loss is not a number any more, or the accuracy is below
            `config.minimum_accuracy`.
        Stopped: On SIGINT or SIGTERM while training, with everything saved.
        OSError: If a folder cannot be written.
    """
    strategy = strategy or devices.get_strategy()
    plan = plan_run(config, _steps_per_epoch(config, data), strategy)
    if config.init:
        compilation.initial_weights(config)  # refused before a folder is made
    with (
        devices.own_folder(config, strategy) as config,
        run_folder.open_run_folder(config) as folder,
    ):
        plan = dataclasses.replace(plan, config=config, folder=folder)
        if config.export_dir:
            export.prepare(config.export_dir)
        metrics = _metrics_of_complete_run(plan)
        if metrics is not None:
            if plan.is_chief:
                print(f'{folder}: this run is complete; nothing to do.')
            return metrics if plan.is_chief else None
        data = data or _load(config)
        if config.mnist_images:
            train = splits.among_mnist(*data['train'], config.mnist_images)
            data = {**data, 'train': train}
        trained, history = fitting.fit(plan, data)
        if not plan.is_chief:
            return None
        model = _keep(plan, trained)
        metrics, predictions = _evaluate(config, data, model)
        metrics |= _speed(plan, history)
        write_result(folder / 'tensorboard', config.epochs, metrics['test'])
        run_figures.draw(
            folder,
            folder / 'figures',
            model,
            data['test'],
            predictions,
            config.dataset,
        )
        return _export(plan, model, metrics)


def _steps_per_epoch(config, data):
    if data:
        num_images = len(data['train'][1])
    else:
        num_images = splits.num_training_images(config.dataset, config.data_dir)
    num_images = splits.num_among_mnist(num_images, config.mnist_images)
    return batches.steps_per_epoch(num_images, config.batch_size)


def _load(config):
    names = ('train', 'validation', 'test')
    loaded = splits.load(*names, name=config.dataset, data_dir=config.data_dir)
    return dict(zip(names, loaded))


def _keep(plan, trained):
    """Saves the trained model, which then computes in float32 anywhere."""
    model = compilation.config_model(plan.config)
    model.set_weights(trained.get_weights())
    # Guo et al., "On Calibration of Modern Neural Networks", 2017.
    logits = model.get_layer('digit_logits')
    logits.set_weights(
        [w / plan.config.temperature for w in logits.get_weights()]
    )
    with files.write_whole(plan.folder / 'model.keras') as path:
        model.save(path)
    return model


def _export(plan, model, metrics):
    """Exports the model if it is accurate enough; always writes the metrics."""
    config = plan.config
    metrics = metrics | {'model_dir': str(plan.folder), 'saved_model': None}
    accuracy = metrics['test']['joint_accuracy']
    is_accurate = accuracy >= config.minimum_accuracy
    if config.export_dir and is_accurate:
        version = export.find_export(
            model, config.export_dir
        ) or export.export_saved_model(model, config.export_dir)
        metrics['saved_model'] = str(version)
    files.write_json(plan.folder / 'metrics.json', metrics)
    if not is_accurate:
        raise UserError(
            f'joint accuracy {accuracy:.5f} on the test images is below '
            f'minimum_accuracy={config.minimum_accuracy}: nothing exported.'
        )
    return metrics


def _metrics_of_complete_run(plan):
    """Returns the metrics of a complete run, None if there is work to do."""
    config, folder = plan.config, plan.folder
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
            if plan.on_several_machines:
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


def _speed(plan, history):
    """Returns the time and speed of all epochs, before a resume too."""
    seconds = sum(row['seconds'] for row in history)
    images = len(history) * plan.steps_per_epoch * plan.config.batch_size
    return {
        'epochs': len(history),
        'fit_seconds': seconds,
        'images_per_second': images / seconds,
    }
