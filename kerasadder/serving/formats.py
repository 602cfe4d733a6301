"""Export as one file that runs without TensorFlow: ONNX and LiteRT.

Each function imports what it needs of the extras `onnx` and `litert` itself.
"""

import pathlib
import warnings
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from kerasadder import files
from kerasadder.errors import UserError
from kerasadder.errors import first_line
from kerasadder.serving import model_files
from kerasadder.serving.folding import folded
from kerasadder.task import NUM_NUMBERS

SUFFIXES = ('.onnx', '.tflite')
# Between probabilities of the model and of the file.
LARGEST_DIFFERENCE = 1e-4
LARGEST_DIFFERENCE_QUANTIZED = 0.1

# From `image` and `number` to `digit` and `sum`, as the signature
# serving_default has them, but without its checks.
Answer = Callable[..., dict[str, np.ndarray]]


def export_file(
    model: keras.Model,
    path: str | pathlib.Path,
    images: np.ndarray,
    quantize: bool = False,
) -> float:
    """Writes the model as an ONNX or a LiteRT file, if it answers the same.

    Inputs and outputs have the names and shapes of the signature
    serving_default; the batch is free.

    Args:
        model: A model of `build_model`.
        path: The file, which ends in `.onnx` or `.tflite`. It appears whole or
            not at all.
        images: uint8 array `(n, 28, 28, 1)` on which both are compared.
        quantize: Whether LiteRT keeps the weights as int8, a quarter of the
            size, and computes with them so ("dynamic range quantization").

    Returns:
        The largest difference between two probabilities on the images.

    Raises:
        UserError: If it is too large; there is no file then.
    """
    path, served = pathlib.Path(path), folded(model)
    numbers = np.arange(len(images)) % NUM_NUMBERS
    inputs = {
        'image': images.astype(np.float32),
        'number': np.eye(NUM_NUMBERS, dtype=np.float32)[numbers],
    }
    limit = LARGEST_DIFFERENCE_QUANTIZED if quantize else LARGEST_DIFFERENCE
    with files.write_whole(path) as temporary:
        _convert(served, temporary, quantize)
        answers = load(temporary)(**inputs)
        difference = max(
            float(np.abs(answers[name] - expected).max())
            for name, expected in model.predict_on_batch(inputs).items()
        )
        if not difference <= limit:
            raise UserError(
                f'{path}: not written, because a probability differs by '
                f"{difference:.1e} from the model's; {limit:.0e} may be."
            )
    return difference


def load(path: str | pathlib.Path) -> Answer:
    """Loads an ONNX or a LiteRT file to ask it.

    Args:
        path: The file, which ends in `.onnx` or `.tflite`.

    Returns:
        A callable from `image` and `number`, by name, to `digit` and `sum`.

    Raises:
        UserError: If there is no such file, or it is of another kind.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise UserError(f'{path}: no such file.')
    kind = {'.onnx': _load_onnx, '.tflite': _load_litert}[path.suffix]
    try:
        return kind(path)
    except Exception as error:  # whatever a strange file makes of a runtime
        raise UserError(
            f'{path}: not a file of this format ({first_line(error)})'
        ) from error


def load_every_number(path: str | pathlib.Path) -> Callable:
    """Loads as `load` does, to answer as `model_files.load_saved_model`."""
    return model_files.ten_calls(load(path))


def _convert(served: keras.Model, path: pathlib.Path, quantize: bool) -> None:
    # Keras would give the tensors names of its own.
    signature = {
        name: tf.TensorSpec(tensor.shape, tensor.dtype, name=name)
        for name, tensor in served.input.items()
    }
    given = {'input_signature': [signature], 'verbose': False}
    if path.suffix == '.onnx':
        with warnings.catch_warnings():
            # Keras 3.15 asks numpy 2 for `np.object`, for tf2onnx's sake.
            warnings.simplefilter('ignore', FutureWarning)
            served.export(str(path), format='onnx', **given)
    else:
        if quantize:
            given['optimizations'] = [tf.lite.Optimize.DEFAULT]
        served.export(str(path), format='litert', **given)


def _load_onnx(path: pathlib.Path) -> Answer:
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    outputs = [output.name for output in session.get_outputs()]

    def answer(**inputs):
        arrays = {name: np.asarray(value) for name, value in inputs.items()}
        return dict(zip(outputs, session.run(outputs, arrays)))

    return answer


def _load_litert(path: pathlib.Path) -> Answer:
    from ai_edge_litert import interpreter

    loaded = interpreter.Interpreter(str(path))
    loaded.allocate_tensors()  # remarks on stderr, so now
    runner = loaded.get_signature_runner()

    def answer(**inputs):
        return runner(**{k: np.asarray(v) for k, v in inputs.items()})

    return answer
