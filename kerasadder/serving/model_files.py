"""Models from files that a user names."""

import os
import pathlib
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from kerasadder import layers  # noqa: F401, registers AdditionTable
from kerasadder.errors import UserError
from kerasadder.errors import first_line
from kerasadder.errors import tensorflow_reason
from kerasadder.evaluation import EveryNumber
from kerasadder.serving.shipped import SHIPPED
from kerasadder.task import INPUTS
from kerasadder.task import NUM_NUMBERS
from kerasadder.task import OUTPUTS
from kerasadder.task import TABLES

Classifier = Callable[[list[bytes], list[int]], dict[str, np.ndarray]]

KERAS_FILE = pathlib.Path('assets.extra', 'model.keras')  # in an export


def load_model(path: str | os.PathLike = 'shipped') -> keras.Model:
    """Loads a `.keras` file, in safe mode: it cannot run code of its own.

    Example:
    >>> kerasadder.build_model().save('model.keras')
    >>> kerasadder.load_model('model.keras').count_params()
    251926

    Args:
        path: The file, as `scripts/train.py` leaves it in the run's folder; the
            folder of an export, which has one in it; or `shipped`, the model
            that comes with this package.

    Returns:
        The `keras.Model`, not compiled.

    Raises:
        UserError: If there is no such file, or it holds no model of
            `build_model`.
    """
    path = SHIPPED if path == 'shipped' else path
    if (pathlib.Path(path) / 'saved_model.pb').is_file():
        path = pathlib.Path(path) / KERAS_FILE
    if not pathlib.Path(path).is_file():
        raise UserError(f'{path}: no such file.')
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # whatever a strange file makes of Keras
        raise UserError(
            f'{path}: not a Keras model file ({first_line(error)})'
        ) from error
    _check_contract(path, model.input, model.output)
    names = {layer.name for layer in model.layers}
    if not {'digit_logits', *(table.layer for table in TABLES)} <= names:
        raise UserError(f'{path}: a model without an addition table.')
    return model


def load_saved_model(path: str | os.PathLike) -> EveryNumber:
    """Loads a SavedModel to predict the sums with every number.

    Args:
        path: Its folder, that of one version: `saved_models/kerasadder/1`.

    Returns:
        A callable from an `image` batch to `digit` `(batch, 10)` and `sum`
        `(batch, 10, 19)`, as `evaluation.predict` takes it. A batch may have
        `limits.MAX_EXAMPLES` images.

    Raises:
        UserError: If there is no such folder, or it holds no SavedModel with
            the inputs and outputs of `build_model`.
    """
    loaded = _load(path)
    serve = loaded.signatures['serving_default']
    every_number = loaded.signatures.get('every_number', ten_calls(serve))

    def predict(image):
        # The signature alone would not keep the variables alive.
        return loaded and every_number(image=image)

    return predict


def load_classifier(path: str | os.PathLike = SHIPPED) -> Classifier:
    """Loads a SavedModel to classify pictures.

    Example:
    >>> classify = kerasadder.load_classifier()
    >>> answer = classify([pathlib.Path('photo.jpg').read_bytes()], [7])
    >>> answer['digit_label'], answer['sum_label']
    (array([5], dtype=int32), array([12], dtype=int32))

    Args:
        path: The folder of one version; by default the model that comes with
            this package.

    Returns:
        A callable from a list of encoded pictures, bytes, and a list of as
        many numbers to the dict of arrays that the signature `classify_bytes`
        answers with. It raises a `UserError` for what is not a picture of a
        digit or not a number 0-9, and for more than `limits.MAX_EXAMPLES`.

    Raises:
        UserError: If there is no such folder, or it holds no SavedModel with
            the signatures of `signatures.of_model`.
    """
    loaded = _load(path)
    if 'classify_bytes' not in loaded.signatures:
        raise UserError(
            f'{path}: has no signature classify_bytes; export the model again.'
        )

    def classify(pictures, numbers):
        try:
            outputs = loaded.signatures['classify_bytes'](
                image=tf.constant(pictures, tf.string),
                number=tf.constant(numbers, tf.int32),
            )
        except tf.errors.InvalidArgumentError as error:
            raise UserError(tensorflow_reason(error)) from error
        return {name: output.numpy() for name, output in outputs.items()}

    return classify


def _load(path):
    if not (pathlib.Path(path) / 'saved_model.pb').is_file():
        raise UserError(f'{path}: no folder with a saved_model.pb in it.')
    try:
        loaded = tf.saved_model.load(str(path))
    except Exception as error:  # whatever a strange file makes of TensorFlow
        raise UserError(
            f'{path}: not a SavedModel ({first_line(error)})'
        ) from error
    if 'serving_default' not in loaded.signatures:
        raise UserError(f'{path}: has no signature serving_default.')
    serve = loaded.signatures['serving_default']
    inputs, outputs = (
        serve.structured_input_signature[1],
        serve.structured_outputs,
    )
    _check_contract(path, inputs, outputs)
    return loaded


def ten_calls(serve: Callable) -> Callable:
    """Makes every_number of serving_default where a model lacks it."""

    def every_number(image):
        outputs = []
        for number in tf.eye(NUM_NUMBERS):
            numbers = tf.repeat(number[None], len(image), axis=0)
            outputs.append(serve(image=image, number=numbers))
        stacked = {
            name: tf.stack([output[name] for output in outputs], axis=1)
            for name in OUTPUTS
        }
        return stacked | {'digit': outputs[0]['digit']}

    return every_number


def _check_contract(path, inputs, outputs):
    for kind, tensors, wanted in (
        ('inputs', inputs, INPUTS),
        ('outputs', outputs, OUTPUTS),
    ):
        shapes = {}
        if isinstance(tensors, dict):
            shapes = {k: tuple(v.shape)[1:] for k, v in tensors.items()}
        if shapes != wanted:
            raise UserError(
                f'{path}: the {kind} of the model must have these names and '
                f'shapes, after the batch: {wanted}.'
            )
