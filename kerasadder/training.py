"""Training, from a configuration to metrics, files and a SavedModel."""

import json
import pathlib

import keras
import tensorflow as tf

from kerasadder import callbacks
from kerasadder import dataset
from kerasadder import evaluation
from kerasadder import export
from kerasadder import figures
from kerasadder import run_folder
from kerasadder.errors import UserError
from kerasadder.model import build_model
from kerasadder.tensorboard import TensorBoardLog

# The one cycle: up to the peak learning rate, then down by half a cosine.
WARMUP = 0.2  # of all steps
FIRST_LEARNING_RATE = 1 / 25  # of the peak


def train(config, data=None, strategy=None):
    """Trains, evaluates and exports a model as the configuration says.

    The run's folder, `config.model_dir`, gets all files; if it holds an
    interrupted run of the same recipe, that run goes on.

    Args:
        config: The `TrainingConfig`.
        data: Dict from `train`, `validation` and `test` to `(images, labels)`,
            uint8 `(n, 28, 28, 1)` and integer `(n,)`; None for MNIST.
        strategy: A `tf.distribute.Strategy`; None for one that uses every GPU.

    Returns:
        The dict that is written to `metrics.json`.

    Raises:
        UserError: If the configuration does not fit the data, or the folder
            holds a run of another recipe.
        OSError: If a folder cannot be written.
    """
    strategy = strategy or _strategy()
    num_images = len(data['train'][1]) if data else dataset.NUM_TRAINING_IMAGES
    with strategy.scope():
        steps_per_epoch = dataset.steps_per_epoch(num_images, config.batch_size)
        _steps_per_execution(config, steps_per_epoch)
    folder = run_folder.open_run_folder(config)
    if config.export_dir:
        export.prepare(config.export_dir)
    metrics = _metrics_of_complete_run(config, folder)
    if metrics:
        print(f'{folder}: this run is complete; nothing to do.')
        return metrics
    if data is None:
        splits = ('train', 'validation', 'test')
        loaded = dataset.load(*splits, data_dir=config.data_dir)
        data = dict(zip(splits, loaded))

    model, history = _fit(config, data, strategy, folder)
    # What is kept computes in float32 on any hardware.
    final = build_model(config.filters, config.dropout)
    final.set_weights(model.get_weights())
    with run_folder.write_whole(folder / 'model.keras') as path:
        final.save(path)

    metrics, predictions = _evaluate(config, data, final)
    metrics |= _speed(config, data, history)
    _draw(folder / 'figures', data['test'], predictions, history, final)
    metrics['model_dir'] = str(folder)
    metrics['saved_model'] = None
    if config.export_dir:
        version = export.export_saved_model(final, config.export_dir)
        metrics['saved_model'] = str(version)
    run_folder.write_json(folder / 'metrics.json', metrics)
    return metrics


def _metrics_of_complete_run(config, folder):
    """Returns what an earlier call left, None if there is something to do."""
    path = folder / 'metrics.json'
    if not path.is_file():
        return None
    metrics = json.loads(path.read_text(encoding='utf-8'))
    if config.export_dir:
        saved_model = pathlib.Path(metrics['saved_model'] or '')
        exports = pathlib.Path(config.export_dir).glob('[0-9]*')
        if saved_model not in exports:
            return None
    return metrics


def _strategy():
    """Returns a strategy for all GPUs, memory taken as needed."""
    gpus = tf.config.list_physical_devices('GPU')
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    if len(gpus) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


def _precision(config):
    """Returns the Keras dtype policy to train in."""
    if config.mixed_precision in ('auto', 'float32'):
        return 'float32'
    return f'mixed_{config.mixed_precision}'


def _steps_per_execution(config, steps_per_epoch):
    """Returns a divisor of the steps of an epoch, so that epochs stay whole."""
    if tf.distribute.get_strategy().num_replicas_in_sync > 1:
        # Keras 3.15 fails on several devices with more (a placeholder not fed).
        divisors = [1]
    else:
        divisors = [n for n in range(1, 65) if steps_per_epoch % n == 0]
    steps = config.steps_per_execution or divisors[-1]
    if steps > 1 and (divisors == [1] or steps_per_epoch % steps):
        raise UserError(
            f'--steps_per_execution={steps}: must divide the {steps_per_epoch} '
            'steps of an epoch, and be 1 on several devices; '
            f'{divisors[-1]} would do.'
        )
    return steps


def compiled_model(config, steps_per_epoch):
    """Builds and compiles the model of a configuration.

    Args:
        config: The `TrainingConfig`.
        steps_per_epoch: Batches in an epoch; the learning rate's one cycle goes
            over all epochs.

    Returns:
        A compiled `keras.Model` of `build_model`.

    Raises:
        UserError: If `config.steps_per_execution` does not divide
            `steps_per_epoch`.
    """
    precision = _precision(config)
    model = build_model(config.filters, config.dropout, precision)
    steps = config.epochs * steps_per_epoch
    warmup_steps = round(WARMUP * steps)
    optimizer = keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=FIRST_LEARNING_RATE * config.learning_rate,
            warmup_target=config.learning_rate,
            warmup_steps=warmup_steps,
            decay_steps=steps - warmup_steps,
        ),
        # With None there is no decay step at all.
        weight_decay=config.weight_decay or None,
    )
    if precision == 'mixed_float16':
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model.compile(
        optimizer,
        loss={
            'digit': keras.losses.SparseCategoricalCrossentropy(),
            'sum': keras.losses.SparseCategoricalCrossentropy(),
        },
        loss_weights=_loss_weights(config),
        metrics={'digit': ['accuracy'], 'sum': ['accuracy']},
        steps_per_execution=_steps_per_execution(config, steps_per_epoch),
        # XLA makes training on the CPU slower.
        jit_compile='auto' if tf.config.list_physical_devices('GPU') else False,
    )
    return model


def _loss_weights(config):
    return {'digit': config.digit_loss_weight, 'sum': config.sum_loss_weight}


def _fit(config, data, strategy, folder):
    """Trains; returns the model and the history, a list of dicts."""
    images, labels = data['train']
    steps_per_epoch = dataset.steps_per_epoch(len(labels), config.batch_size)
    keras.utils.set_random_seed(config.seed)
    with strategy.scope():
        model = compiled_model(config, steps_per_epoch)
        every_number = evaluation.every_number_function(model)
        model.optimizer.build(model.trainable_variables)

    checkpoint = callbacks.Checkpoint(folder)
    first_epoch = checkpoint.restore(model)
    validation = callbacks.ExhaustiveValidation(
        every_number, *data['validation'], _loss_weights(config)
    )
    tensorboard = TensorBoardLog(folder / 'tensorboard', config, validation)
    tensorboard.forget_after(first_epoch)
    batches = dataset.training_batches(
        images,
        labels,
        config.batch_size,
        steps=config.epochs * steps_per_epoch,
        seed=config.seed,
        augment=config.augmentation,
        first_step=first_epoch * steps_per_epoch,
    )
    if first_epoch < config.epochs:
        model.fit(
            batches,
            epochs=config.epochs,
            initial_epoch=first_epoch,
            steps_per_epoch=steps_per_epoch,
            shuffle=False,  # the stream is shuffled; Keras warns otherwise
            verbose=0,
            callbacks=[
                validation,
                callbacks.ProgressLog(),
                tensorboard,
                checkpoint,
            ],
        )
    return model, checkpoint.history


def _evaluate(config, data, model):
    """Returns the scores on validation and test, and the test predictions."""
    every_number = evaluation.every_number_function(model)
    images, labels = data['test']
    predictions = evaluation.predict(every_number, images)
    metrics = {
        'preset': config.preset,
        'seed': config.seed,
        'parameters': model.count_params(),
        'validation': evaluation.evaluate(every_number, *data['validation']),
        'test': evaluation.metrics(predictions, labels),
    }
    return metrics, predictions


def _speed(config, data, history):
    """Returns what training took, over all epochs, resumed or not."""
    seconds = sum(row['seconds'] for row in history)
    batches = dataset.steps_per_epoch(len(data['train'][1]), config.batch_size)
    images = len(history) * batches * config.batch_size
    return {
        'epochs': len(history),
        'fit_seconds': seconds,
        'images_per_second': images / seconds,
    }


def _draw(directory, test, predictions, history, model):
    """Writes the run's figures, those of images on the test set."""
    images, labels = test
    table = model.get_layer('addition_table').log_table()
    drawn = {
        'predictions': figures.predictions_grid(images, labels, predictions),
        'wrong_images': figures.wrong_images(images, labels, predictions),
        'confusion': figures.confusion_matrices(predictions, labels),
        'addition_table': figures.addition_table(table),
        'learning_curves': figures.learning_curves(history),
    }
    for name, figure in drawn.items():
        with run_folder.write_whole(directory / f'{name}.png') as path:
            figure.savefig(path)
