"""What `tensorboard --logdir runs` shows of a run."""

import keras
import tensorflow as tf

from kerasadder import figures
from kerasadder import plots
from kerasadder import table_plots


class TensorBoardLog(keras.callbacks.Callback):
    """Writes scalars, the graph, figures and the config as TensorBoard reads.

    Below `directory` come two runs, `train` and `validation`, with the same
    scalars of each; the figures are of the validation images. Every epoch gets
    event files of its own, whose names end in `epoch_<n>`, so that a resumed
    run can take back what came after its checkpoint.

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
        """Deletes what was written after so many epochs, 0 for all."""
        for path in self.directory.glob('*/*.epoch_*'):
            if epochs == 0 or int(path.name.rpartition('_')[2]) > epochs:
                path.unlink()

    def _writer(self, run, epoch):
        return tf.summary.create_file_writer(
            str(self.directory / run), filename_suffix=f'.epoch_{epoch:04}'
        ).as_default(step=epoch)

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 0:
            self._write_config_and_graph()

    def _write_config_and_graph(self):
        rows = [
            f'|{name}|{value}|' for name, value in self.config.asdict().items()
        ]
        forward = tf.function(lambda inputs: self.model(inputs, training=False))
        inputs = {
            name: tf.TensorSpec(tensor.shape, tensor.dtype, name)
            for name, tensor in self.model.input.items()
        }
        with self._writer('train', 0):
            tf.summary.text(
                'config', '\n'.join(['|field|value|', '|-|-|', *rows])
            )
            tf.summary.graph(forward.get_concrete_function(inputs).graph)

    def on_epoch_end(self, epoch, logs):
        scalars = {'train': {}, 'validation': {}}
        for name, value in logs.items():
            run = 'validation' if name.startswith('val_') else 'train'
            scalars[run][name.removeprefix('val_')] = value
        for run, values in scalars.items():
            with self._writer(run, epoch + 1):
                for name, value in values.items():
                    tf.summary.scalar(name, value)
        images, labels = self.validation.images, self.validation.labels
        predictions = self.validation.predictions
        table = self.model.get_layer('addition_table').log_table()
        drawn = {
            'predictions': figures.predictions_grid(
                images, labels, predictions
            ),
            'confusion': plots.confusion_matrices(predictions, labels),
            'addition_table': table_plots.addition_table(table),
        }
        with self._writer('validation', epoch + 1):
            for name, figure in drawn.items():
                tf.summary.image(name, figures.pixels(figure)[None])
