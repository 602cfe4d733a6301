"""Fits the model of a run, from the beginning or the newest checkpoint."""

import contextlib

import keras
import numpy as np

from kerasadder import evaluation
from kerasadder.data import batches
from kerasadder.training import callbacks
from kerasadder.training import compilation
from kerasadder.training import devices
from kerasadder.training import table_snapshots
from kerasadder.training.checkpoint import Checkpoint
from kerasadder.training.plan import Plan
from kerasadder.training.tensorboard import TensorBoardLog


def fit(
    plan: Plan, data: dict[str, tuple[np.ndarray, np.ndarray]]
) -> tuple[keras.Model, list[dict[str, float]]]:
    """Trains a model, or resumes an interrupted run.

    Args:
        plan: The plan of the run, its folder open.
        data: The splits, as `run.train` takes them.

    Returns:
        The model, and the history: a dict for each epoch.

    Raises:
        Diverged: If the loss or a weight is not a finite number any more.
        Stopped: On SIGINT or SIGTERM, with everything saved.
    """
    config = plan.config
    keras.utils.set_random_seed(config.seed)
    with plan.strategy.scope():
        model = compilation.compiled_model(plan)
        every_number = evaluation.every_number_function(model)
        model.optimizer.build(model.trainable_variables)
    averaging = callbacks.WeightAveraging(
        model.trainable_variables,
        range(config.epochs - 1 - config.averaged_epochs, config.epochs - 1),
    )
    checkpoint = Checkpoint(
        plan.folder,
        plan.steps_per_epoch,
        config.checkpoint_steps,
        averaging.means,
    )
    step = checkpoint.restore(model)
    validation = callbacks.ExhaustiveValidation(
        every_number, *data['validation'], compilation.loss_weights(config)
    )
    tensorboard = TensorBoardLog(
        plan.folder / 'tensorboard', config, validation
    )
    tensorboard.forget_after(step // plan.steps_per_epoch)
    # Each finds what those before it have added to the logs; what is saved
    # last is there whole.
    chain = [
        callbacks.StopOnBadLoss(),
        validation,
        averaging,
        callbacks.ProgressLog(config.epochs),
        table_snapshots.TableNotes(plan.folder / 'tables', plan.steps),
        tensorboard,
        checkpoint,
    ]
    with contextlib.ExitStack() as stack:
        if not plan.on_several_machines:
            # One cannot save without the others.
            stack.enter_context(checkpoint.stopping_on_signals())
        while step < plan.steps:
            step = _fit_on(plan, model, data['train'], chain, step)
    return model, checkpoint.history


def _fit_on(plan, model, train, chain, step):
    """Fits the rest of an epoch that was begun, or all epochs to come.

    Returns:
        The steps done.
    """
    config = plan.config
    epoch, done = divmod(step, plan.steps_per_epoch)
    until = epoch + 1 if done else config.epochs
    stream = batches.training_batches(
        *train,
        config.batch_size,
        steps=plan.steps,
        seed=config.seed,
        augment=config.augmentation,
        rendered_share=config.rendered_share,
        drawn_share=config.drawn_share,
        first_step=step,
    )
    if done:
        with plan.strategy.scope():
            _build_metrics(model, stream)
    devices.fit(
        plan.strategy,
        model,
        stream,
        epochs=until,
        initial_epoch=epoch,
        steps=plan.steps_per_epoch - done,
        callbacks=chain,
    )
    return until * plan.steps_per_epoch


def _build_metrics(model, stream):
    """Makes Keras create the metrics' variables, as `fit` would do later."""
    for inputs, targets in stream.take(1):
        outputs = model(inputs, training=False)
        model.compute_loss(inputs, targets, outputs)
        model.compute_metrics(inputs, targets, outputs)
