"""Writes what `tensorboard --logdir runs` shows of a run.

The hyperparameters are written as protos, because `hp.hparams` can say neither
which of them differ between runs nor that a run has ended.
"""

import contextlib
import pathlib

import keras
import tensorflow as tf
from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams import summary as hparams

from kerasadder import evaluation
from kerasadder.plots import addition_table
from kerasadder.plots import image_grids
from kerasadder.plots import scores
from kerasadder.plots import style
from kerasadder.training.callbacks import SCORES

# The table of runs begins with what is said to differ between them.
COMPARED = ('epochs', 'learning_rate', 'dropout', 'preset', 'seed')
_PARTIAL = '.partial'


class TensorBoardLog(keras.callbacks.Callback):
    """Writes scalars, the graph, figures and the config for TensorBoard.

    It writes the hyperparameters to `directory`. Below it are two runs, `train`
    and `validation`, with the same scalars. The figures show the validation
    images. Every epoch has event files of its own, whose names end in
    `epoch_<n>`. So a resumed run can delete what came after its checkpoint, and
    TensorBoard, which reads files by name, reads the epochs in order.

    Args:
        directory: `pathlib.Path` to write to.
        config: The `TrainingConfig`.
        validation: The `ExhaustiveValidation` callback, placed before this.
    """

    def __init__(self, directory, config, validation):
        super().__init__()
        self.directory = directory
        self.config = config
        self.validation = validation

    def forget_after(self, epochs):
        """Deletes the files of all epochs after the first `epochs`; 0: all."""
        for path in self.directory.rglob('*.epoch_*'):
            if epochs == 0 or int(path.name.rpartition('_')[2]) > epochs:
                path.unlink()
        for path in self.directory.rglob(f'*{_PARTIAL}'):
            path.unlink()

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 0:
            self._write_config_and_graph()
            self._write_hyperparameters()

    def _write_config_and_graph(self):
        rows = [
            f'|{name}|{value}|' for name, value in self.config.asdict().items()
        ]
        forward = tf.function(lambda inputs: self.model(inputs, training=False))
        inputs = {
            name: tf.TensorSpec(tensor.shape, tensor.dtype, name)
            for name, tensor in self.model.input.items()
        }
        with _writer(self.directory / 'train', 0):
            tf.summary.text(
                'config', '\n'.join(['|field|value|', '|-|-|', *rows])
            )
            tf.summary.graph(forward.get_concrete_function(inputs).graph)

    def _write_hyperparameters(self):
        recipe = self.config.recipe()
        infos = [
            api_pb2.HParamInfo(
                name=name, type=_kind(value), differs=name in COMPARED
            )
            for name, value in recipe.items()
        ]
        metrics = [
            api_pb2.MetricInfo(
                name=api_pb2.MetricName(group=run, tag='joint_accuracy'),
                display_name=f'{run} joint accuracy',
            )
            for run in ('test', 'validation')
        ]
        with _writer(self.directory, 0):
            _write(hparams.experiment_pb(infos, metrics))
            _write(hparams.session_start_pb(recipe))

    def on_epoch_end(self, epoch, logs):
        scalars = {'train': {}, 'validation': {}}
        for name, value in logs.items():
            run = 'validation' if name.startswith('val_') else 'train'
            scalars[run][name.removeprefix('val_')] = value
        predictions = self.validation.predictions
        images = evaluation.seen(self.validation.images, predictions)
        labels = self.validation.labels
        table = self.model.get_layer('addition_table').log_table()
        drawn = {
            'predictions': image_grids.predictions_grid(
                images, labels, predictions
            ),
            'confusion': scores.confusion_matrices(predictions, labels),
            'addition_table': addition_table.addition_table(table),
        }
        with _writer(self.directory / 'train', epoch + 1):
            _write_scalars(scalars['train'])
        with _writer(self.directory / 'validation', epoch + 1):
            _write_scalars(scalars['validation'])
            for name, figure in drawn.items():
                tf.summary.image(name, style.pixels(figure)[None])


def write_result(
    directory: pathlib.Path, epochs: int, test: dict[str, float]
) -> None:
    """Writes the scores of a finished run as `test`, beside its other runs.

    `TensorBoardLog.forget_after` deletes them too.

    Args:
        directory: `pathlib.Path`, that of the `TensorBoardLog`.
        epochs: Epochs of the whole run.
        test: The scores, as `evaluation.metrics` returns them.
    """
    with _writer(directory / 'test', epochs + 1):
        for name in SCORES:
            tf.summary.scalar(name, test[name], step=epochs)
    with _writer(directory, epochs + 1):
        _write(hparams.session_end_pb(api_pb2.STATUS_SUCCESS))


@contextlib.contextmanager
def _writer(directory, epoch):
    """Writes the event file of an epoch, and then names it by the epoch.

    TensorFlow's names have the second, then a counter without leading zeros. So
    TensorBoard might read the tenth file before the ninth, and drop its steps.
    """
    writer = tf.summary.create_file_writer(
        str(directory), filename_suffix=_PARTIAL
    )
    with writer.as_default(step=epoch):
        yield
    writer.close()
    (path,) = directory.glob(f'*{_PARTIAL}')
    path.replace(directory / f'events.out.tfevents.epoch_{epoch:04}')


def _write_scalars(scalars):
    for name, value in scalars.items():
        tf.summary.scalar(name, value)


def _kind(value):
    if isinstance(value, bool):
        return api_pb2.DATA_TYPE_BOOL
    if isinstance(value, int | float):
        return api_pb2.DATA_TYPE_FLOAT64
    return api_pb2.DATA_TYPE_STRING


def _write(summary):
    tf.summary.experimental.write_raw_pb(summary.SerializeToString())
