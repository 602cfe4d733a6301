"""Trains on all GPUs of a machine, or on several machines at once.

On several machines every process runs the same command with its own
`TF_CONFIG`, as `tf.distribute` wants it. All do the same. One of them, the
chief, keeps the results.
"""

import contextlib
import dataclasses
import pathlib
import shutil
import tempfile
from collections.abc import Iterator

import keras
import tensorflow as tf

from kerasadder.config import TrainingConfig
from kerasadder.errors import UserError

STATE = ('config.json', 'metrics.json', 'checkpoints/step_*.npz')


def get_strategy() -> tf.distribute.Strategy:
    """Returns a strategy for all machines of `TF_CONFIG`, else for all GPUs.

    TensorFlow takes GPU memory as needed, if it has not taken it already.

    Raises:
        UserError: If `TF_CONFIG` names a cluster without this process, or an
            address that this process cannot listen at.
    """
    gpus = tf.config.list_physical_devices('GPU')
    # Too late where TensorFlow has used them, as in a notebook.
    with contextlib.suppress(RuntimeError):
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
    cluster = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    try:
        if cluster.cluster_spec():
            return tf.distribute.MultiWorkerMirroredStrategy(cluster)
    except ValueError as error:
        raise UserError(f'TF_CONFIG: {error}') from error
    except tf.errors.UnknownError as error:
        raise UserError(
            "TF_CONFIG: cannot listen at this process's address, which must be "
            'of this machine, with a port that no other process has.'
        ) from error
    if len(gpus) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


def on_several_machines(strategy: tf.distribute.Strategy) -> bool:
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Returns whether this process is the one that keeps the results."""
    if not on_several_machines(strategy):
        return True
    resolver = strategy.cluster_resolver
    if 'chief' in resolver.cluster_spec().jobs:
        return resolver.task_type == 'chief'
    return resolver.task_id == 0


@contextlib.contextmanager
def own_folder(
    config: TrainingConfig, strategy: tf.distribute.Strategy
) -> Iterator[TrainingConfig]:
    """Yields the configuration with folders that are this process's own.

    Each process writes all files, because the variables in checkpoints are read
    from all machines by all processes at once. Only the chief keeps its files.
    The others start from a copy of its state, so they must see its folder.

    Args:
        config: The `TrainingConfig` of all processes.
        strategy: The `tf.distribute.Strategy`.

    Raises:
        UserError: If there are several machines and no `config.model_dir`.
    """
    if on_several_machines(strategy) and not config.model_dir:
        raise UserError(
            '`model_dir`: on several machines say where, a folder that all of '
            'them see.'
        )
    if is_chief(strategy):
        yield config
        return
    with tempfile.TemporaryDirectory() as own:
        shared = pathlib.Path(config.model_dir)
        for path in [path for name in STATE for path in shared.glob(name)]:
            copy = own / path.relative_to(shared)
            copy.parent.mkdir(exist_ok=True)
            shutil.copy(path, copy)
        yield dataclasses.replace(config, model_dir=own, export_dir='')


def fit(
    strategy: tf.distribute.Strategy,
    model: keras.Model,
    batches: tf.data.Dataset,
    epochs: int,
    initial_epoch: int,
    steps: int,
    callbacks: list[keras.callbacks.Callback],
) -> None:
    """Fits a compiled model to batches, on whatever devices there are.

    On one machine this is `model.fit`, which fails on several (Keras 3.15,
    issues 20329 and 20585 of keras-team/keras). On several, each process takes
    its share of each batch. Gradients are summed over all, and the moving
    averages of batch normalisation are averaged. So all have equal variables
    after every step.

    Args:
        strategy: The `tf.distribute.Strategy` that the model was built in.
        model: The `keras.Model`.
        batches: A `tf.data.Dataset`; its batches are shared out.
        epochs: Epoch to end after.
        initial_epoch: Epochs done.
        steps: Steps of an epoch.
        callbacks: A list of `keras.callbacks.Callback`.

    Raises:
        UserError: If a batch cannot be shared out, or another machine is gone.
    """
    if not on_several_machines(strategy):
        model.fit(
            batches,
            epochs=epochs,
            initial_epoch=initial_epoch,
            steps_per_epoch=steps,
            shuffle=False,  # the stream is shuffled; Keras warns otherwise
            verbose=0,
            callbacks=callbacks,
        )
        return
    step_function = _step_function(strategy, model)
    iterator = iter(_shared_out(strategy, batches))
    callbacks = keras.callbacks.CallbackList(
        callbacks, model=model, epochs=epochs, steps=steps
    )
    callbacks.on_train_begin()
    for epoch in range(initial_epoch, epochs):
        model.reset_metrics()
        callbacks.on_epoch_begin(epoch)
        for step in range(steps):
            callbacks.on_train_batch_begin(step)
            try:
                logs = step_function(iterator)
            except tf.errors.UnavailableError as error:
                raise UserError(
                    'another machine is gone: start all of them again to go '
                    'on from the last checkpoint.'
                ) from error
            callbacks.on_train_batch_end(step, logs)
        callbacks.on_epoch_end(epoch, logs)
    callbacks.on_train_end(logs)


def _shared_out(strategy, batches):
    count = strategy.num_replicas_in_sync
    size = tf.nest.flatten(batches.element_spec)[0].shape[0]
    if size % count:
        raise UserError(
            f'batch_size={size}: must be a multiple of {count}, the number '
            'of devices.'
        )
    return strategy.distribute_datasets_from_function(
        lambda context: batches.rebatch(size // count, True).shard(
            context.num_input_pipelines, context.input_pipeline_id
        )
    )


def _step_function(strategy, model):
    averages = [
        variable
        for variable in model.non_trainable_variables
        if tf.as_dtype(variable.dtype).is_floating
    ]

    def step(batch):
        logs = model.train_step(batch)
        means = tf.distribute.get_replica_context().all_reduce(
            tf.distribute.ReduceOp.MEAN,
            [tf.identity(v.value) for v in averages],
        )
        for variable, mean in zip(averages, means):
            variable.assign(mean)
        return logs

    @tf.function
    def step_function(iterator):
        logs = strategy.run(step, args=(next(iterator),))
        return {k: strategy.reduce('MEAN', v, None) for k, v in logs.items()}

    return step_function
