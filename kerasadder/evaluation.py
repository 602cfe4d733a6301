"""Scores a model on every image with each of the ten numbers."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from kerasadder.model import with_every_number
from kerasadder.pictures.normalize import trust
from kerasadder.task import IMAGE_SHAPE
from kerasadder.task import OUTPUTS
from kerasadder.task import TABLES
from kerasadder.task import right_classes

# From images to P(digit) and P(sum), the sum with each of the ten numbers.
EveryNumber = Callable[[tf.Tensor], dict[str, tf.Tensor]]

BATCH_SIZE = 500
CONFIDENCE_BINS = 15


def every_number_function(model: keras.Model) -> EveryNumber:
    """Returns `with_every_number(model)` as a graph, which is twice as fast."""
    return tf.function(
        with_every_number(model),
        input_signature=[tf.TensorSpec((None, *IMAGE_SHAPE), name='image')],
    )


def predict(
    every_number: EveryNumber,
    images: np.ndarray,
    batch_size: int = BATCH_SIZE,
) -> dict[str, np.ndarray]:
    """Predicts digit and sum of every image with each of the ten numbers.

    Args:
        every_number: A callable from an `image` batch, float32
            `(batch, 28, 28, 1)`, to the dict `digit` `(batch, 10)` and `sum`
            `(batch, 10, 19)`, whose second axis is the number.
            `every_number_function` and `model_files.load_saved_model` return
            such a callable.
        images: Array `(n, 28, 28, 1)`, pixel values 0..255; n at least 1. Or
            `(n, readings, 28, 28, 1)`: several readings of a picture, whose
            answers are mixed as in `classify_bytes`.
        batch_size: Images a call.

    Returns:
        A dict of float32 arrays: `digit` `(n, 10)` and `sum` `(n, 10, 19)`.
        With several readings also `reading` `(n,)`, the index of the one that
        counts most.
    """
    if images.ndim == 5:
        return _mixed_predictions(every_number, images, batch_size)
    batches = [
        every_number(tf.cast(images[i : i + batch_size], tf.float32))
        for i in range(0, len(images), batch_size)
    ]
    return {
        name: np.concatenate([batch[name] for batch in batches])
        for name in batches[0]
    }


def _mixed_predictions(every_number, images, batch_size):
    count, readings = images.shape[:2]
    each = predict(every_number, images.reshape(-1, *IMAGE_SHAPE), batch_size)
    each = {
        name: array.reshape(count, readings, *array.shape[1:])
        for name, array in each.items()
    }
    weights = trust(each['digit']).numpy()
    return {
        name: np.einsum('nr,nr...->n...', weights, array)
        for name, array in each.items()
    } | {'reading': weights.argmax(axis=1)}


def seen(images: np.ndarray, predictions: dict[str, np.ndarray]) -> np.ndarray:
    """Returns the images `(n, 28, 28, 1)` that the predictions are of.

    Args:
        images: As `predict` takes them.
        predictions: What `predict` returned for them.
    """
    if 'reading' not in predictions:
        return images
    return images[np.arange(len(images)), predictions['reading']]


def metrics(
    predictions: dict[str, np.ndarray], labels: np.ndarray
) -> dict[str, float]:
    """Scores predictions on every pair of an image and a number.

    Args:
        predictions: What `predict` returns.
        labels: Integer array `(n,)`, the digits.

    Returns:
        A dict. `images`, `pairs` and `digit_errors`, the wrong images, are
        counts. `digit_accuracy`, `sum_accuracy`, `joint_accuracy` (all outputs
        are right) and `consistency` (the predicted sum follows from the
        predicted digit) are shares of the pairs, 0..1. `digit_loss` and
        `sum_loss` are mean negative log-likelihoods in nats. `digit_ece` and
        `sum_ece` are expected calibration errors, 0..1, as of `calibration`.
    """
    true = right_classes(labels)
    predicted = {name: predictions[name].argmax(axis=-1) for name in OUTPUTS}
    right = {name: predicted[name] == true[name] for name in OUTPUTS}
    all_right = right['digit'][:, None]
    consistent = True
    for table in TABLES:
        all_right = all_right & right[table.name]
        follows = predicted[table.name] == table.answers[predicted['digit']]
        consistent = consistent & follows
    return {
        'images': len(true['digit']),
        'pairs': all_right.size,
        **{f'{name}_accuracy': float(right[name].mean()) for name in OUTPUTS},
        'joint_accuracy': float(all_right.mean()),
        'consistency': float(consistent.mean()),
        **{
            f'{name}_loss': _negative_log_likelihood(
                predictions[name], true[name]
            )
            for name in OUTPUTS
        },
        **{
            f'{name}_ece': calibration(predictions[name], true[name])['ece']
            for name in OUTPUTS
        },
        'digit_errors': int((~right['digit']).sum()),
    }


def _negative_log_likelihood(probabilities, labels):
    """Returns the mean of -log P(label); P is at least float32's smallest."""
    probability = np.take_along_axis(probabilities, labels[..., None], -1)
    tiny = np.finfo(np.float32).tiny
    return float(
        -np.log(np.maximum(probability, tiny), dtype=np.float64).mean()
    )


def calibration(
    probabilities: np.ndarray, labels: np.ndarray
) -> dict[str, np.ndarray | float]:
    """Compares confidence, the likeliest class's probability, with accuracy.

    It follows Guo et al., "On Calibration of Modern Neural Networks", 2017.
    Predictions fall into 15 bins of equal width by their confidence: bin m,
    from 0, holds those in (m/15, (m+1)/15]. The expected calibration error is
    the mean of |accuracy - mean confidence| over the bins, weighted by their
    predictions.

    Args:
        probabilities: Array `(..., classes)`.
        labels: Integer array `(...)`, the true classes.

    Returns:
        A dict of arrays `(15,)`: the `count` of predictions, their mean
        `confidence` and their `accuracy`, both NaN for an empty bin. It has
        `ece` too, a float in 0..1.
    """
    confidence = probabilities.max(axis=-1).ravel().astype(np.float64)
    right = (probabilities.argmax(axis=-1) == labels).ravel()
    bins = np.nan_to_num(np.ceil(CONFIDENCE_BINS * confidence) - 1).astype(int)
    bins = bins.clip(0, CONFIDENCE_BINS - 1)  # a softmax may be 1 + 1e-7
    count, confidences, accuracies = (
        np.bincount(bins, weights, CONFIDENCE_BINS)
        for weights in (None, confidence, right)
    )
    with np.errstate(invalid='ignore'):
        return {
            'count': count,
            'confidence': confidences / count,
            'accuracy': accuracies / count,
            'ece': float(np.abs(accuracies - confidences).sum() / len(right)),
        }


def evaluate(
    model: keras.Model | EveryNumber, images: np.ndarray, labels: np.ndarray
) -> dict[str, float]:
    """Scores a model on every image with each of the ten numbers.

    Example:
    >>> images, labels = np.zeros((4, 28, 28, 1)), np.array([0, 1, 2, 3])
    >>> scores = kerasadder.evaluate(kerasadder.build_model(), images, labels)
    >>> scores['pairs']
    40

    Args:
        model: A model of `build_model`, or a callable as `predict` takes it.
        images: Array `(n, 28, 28, 1)`, pixel values 0..255; n at least 1. Or
            several readings of each, as `predict` takes them.
        labels: Integer array `(n,)`, the digits.

    Returns:
        What `metrics` returns.
    """
    if isinstance(model, keras.Model):
        model = every_number_function(model)
    return metrics(predict(model, images), labels)


def report(test: dict[str, float]) -> str:
    """Returns the metrics as a table to print, with accuracies in percent."""
    rows = [('', *OUTPUTS, 'all' if len(TABLES) > 1 else 'both')]
    for title, metric, scale, digits in (
        ('accuracy, %', 'accuracy', 100, 3),
        ('loss, nats', 'loss', 1, 4),
        ('ECE, %', 'ece', 100, 3),
    ):
        values = [test[f'{name}_{metric}'] for name in OUTPUTS]
        values += [test['joint_accuracy']] if metric == 'accuracy' else []
        rows.append((title, *(f'{scale * v:.{digits}f}' for v in values)))
    lines = [
        f'{title:<14}' + ''.join(f'{cell:>9}' for cell in cells)
        for title, *cells in rows
    ]
    rules = ', '.join(
        f'{table.name} = digit {table.sign} number' for table in TABLES
    )
    lines.append(
        f'{test["digit_errors"]} of {test["images"]:,} images wrong; '
        f'{rules} in {100 * test["consistency"]:.3f} % of '
        f'{test["pairs"]:,} pairs'
    )
    return '\n'.join(lines)
