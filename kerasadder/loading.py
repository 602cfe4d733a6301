"""Models from files that a user names."""

import pathlib

import keras
import tensorflow as tf

from kerasadder import layers  # noqa: F401, registers AdditionTable
from kerasadder.errors import UserError
from kerasadder.model import IMAGE_SHAPE
from kerasadder.model import NUM_DIGITS
from kerasadder.model import NUM_NUMBERS
from kerasadder.model import NUM_SUMS

INPUTS = {'image': IMAGE_SHAPE, 'number': (NUM_NUMBERS,)}
OUTPUTS = {'digit': (NUM_DIGITS,), 'sum': (NUM_SUMS,)}


def load_keras_model(path):
    """Loads a `.keras` file, in safe mode: it cannot run code of its own.

    Args:
        path: The file, as `scripts/train.py` leaves it in the run's folder.

    Returns:
        The `keras.Model`, not compiled.

    Raises:
        UserError: If there is no such file, or it holds no model of
            `build_model`.
    """
    if not pathlib.Path(path).is_file():
        raise UserError(f'{path}: no such file.')
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # whatever a strange file makes of Keras
        raise UserError(
            f'{path}: not a Keras model file ({_first_line(error)})'
        ) from error
    _check_contract(path, model.input, model.output)
    names = {layer.name for layer in model.layers}
    if not {'digit_logits', 'addition_table'} <= names:
        raise UserError(f'{path}: a model without an addition table.')
    return model


def load_saved_model(path):
    """Loads a SavedModel to predict the sums with every number.

    Args:
        path: Its folder, that of one version: `saved_models/kerasadder/1`.

    Returns:
        A callable from an `image` batch to `digit` `(batch, 10)` and `sum`
        `(batch, 10, 19)`, as `evaluation.predict` takes it.

    Raises:
        UserError: If there is no such folder, or it holds no SavedModel with
            the inputs and outputs of `build_model`.
    """
    if not (pathlib.Path(path) / 'saved_model.pb').is_file():
        raise UserError(f'{path}: no folder with a saved_model.pb in it.')
    try:
        loaded = tf.saved_model.load(str(path))
    except Exception as error:  # whatever a strange file makes of TensorFlow
        raise UserError(
            f'{path}: not a SavedModel ({_first_line(error)})'
        ) from error
    if 'serving_default' not in loaded.signatures:
        raise UserError(f'{path}: has no signature serving_default.')
    serve = loaded.signatures['serving_default']
    inputs, outputs = (
        serve.structured_input_signature[1],
        serve.structured_outputs,
    )
    _check_contract(path, inputs, outputs)
    every_number = loaded.signatures.get('every_number', _ten_calls(serve))

    def predict(image):
        # The signature alone would not keep the variables alive.
        return loaded and every_number(image=image)

    return predict


def _ten_calls(serve):
    """Makes the signature every_number of serving_default, for lack of it."""

    def every_number(image):
        outputs = []
        for number in tf.eye(NUM_NUMBERS):
            numbers = tf.repeat(number[None], len(image), axis=0)
            outputs.append(serve(image=image, number=numbers))
        return {
            'digit': outputs[0]['digit'],
            'sum': tf.stack([output['sum'] for output in outputs], axis=1),
        }

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


def _first_line(error):
    return (str(error).strip() or type(error).__name__).splitlines()[0]
