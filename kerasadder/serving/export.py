"""Export as a SavedModel, one numbered version after another."""

import os
import pathlib
import shutil
import tempfile

import keras
import numpy as np
import tensorflow as tf

from kerasadder import files
from kerasadder.serving import folding
from kerasadder.serving import model_files
from kerasadder.serving import signatures
from kerasadder.serving import warmup

TEMPORARY = '.export-'  # no number, so no version to TensorFlow Serving


def export_saved_model(
    model: keras.Model, directory: str | os.PathLike
) -> pathlib.Path:
    """Writes the model as the next version of a servable SavedModel.

    Example:
    >>> model = kerasadder.build_model()
    >>> kerasadder.export_saved_model(model, 'saved_models/mine').name
    '1'

    The version appears whole or not at all: it is written under a temporary
    name, which TensorFlow Serving ignores, and renamed into place.

    Its signatures are those of `signatures.of_model`. Warm-up requests for
    them are written beside it, and the model as a `.keras` file.

    Args:
        model: A model of `build_model`.
        directory: The folder of the versions; made if it is not there.

    Returns:
        The `pathlib.Path` of the new version, `directory/<version>`.

    Raises:
        OSError: If the folder cannot be written.
    """
    directory = prepare(directory)
    with files.locked(directory, wait=True):
        for left in directory.glob(f'{TEMPORARY}*'):
            shutil.rmtree(left)  # by an export that was killed
        temporary = tempfile.mkdtemp(prefix=TEMPORARY, dir=directory)
        try:
            _write(model, temporary)
            os.chmod(temporary, 0o755)  # mkdtemp's 0700 locks a server out
            version = directory / str(next_version(directory))
            os.rename(temporary, version)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return version


def prepare(directory: str | os.PathLike) -> pathlib.Path:
    """Makes the folder of the versions, if it is not there, and tries it.

    Returns:
        Its `pathlib.Path`.

    Raises:
        OSError: If the folder cannot be written.
    """
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='.try-', dir=directory):
        return directory


def next_version(directory: str | os.PathLike) -> int:
    """Returns one more than the highest version in the folder, from 1."""
    directory = pathlib.Path(directory)
    names = os.listdir(directory) if directory.is_dir() else []
    return 1 + max((int(name) for name in names if name.isdecimal()), default=0)


def find_export(
    model: keras.Model, directory: str | os.PathLike
) -> pathlib.Path | None:
    """Returns the newest version if it is an export of this model, or None.

    So a run that was killed after its export does not export twice.
    """
    newest = pathlib.Path(directory) / str(next_version(directory) - 1)
    variables = newest / 'variables' / 'variables'
    if not variables.with_suffix('.index').is_file():
        return None
    reader = tf.train.load_checkpoint(str(variables))
    exported = [
        np.asarray(reader.get_tensor(name))
        for name in reader.get_variable_to_shape_map()
    ]
    # Their names there are Keras's own business.
    same = all(
        any(np.array_equal(weight, array) for array in exported)
        for weight in folding.folded(model).get_weights()
    )
    return newest if same else None


def _write(model, path):
    served = folding.folded(model)
    archive = keras.export.ExportArchive()
    archive.track(served)
    endpoints = signatures.of_model(served)
    answer, specs = endpoints.pop('serving_default')
    # As `model.export` has it: `serve` takes the dict, and as the first one
    # becomes the signature serving_default too.
    archive.add_endpoint(
        'serve',
        lambda inputs: answer(**inputs),
        [{spec.name: spec for spec in specs}],
    )
    for name, (function, specs) in endpoints.items():
        archive.add_endpoint(name, function, specs)
    archive.write_out(path, verbose=False)
    # TensorFlow Serving runs these before it offers the version.
    extra = pathlib.Path(path) / 'assets.extra'
    extra.mkdir()
    with tf.io.TFRecordWriter(
        str(extra / 'tf_serving_warmup_requests')
    ) as writer:
        for record in warmup.warmup_records():
            writer.write(record)
    # To train on: what is served has no batch normalisation any more.
    # A clone would be compiled as the model is, and so have its optimizer.
    copy = keras.Model.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    copy.trainable = True
    copy.save(pathlib.Path(path) / model_files.KERAS_FILE)
