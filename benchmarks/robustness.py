"""Measures a model on corrupted images and on other people's digits."""

import typing

import numpy as np
import tensorflow as tf

from benchmarks import optdigits
from benchmarks.corruptions import KINDS
from benchmarks.corruptions import corrupt
from kerasadder import evaluation
from kerasadder.errors import UserError
from kerasadder.pictures.normalize import normalize_pictures
from kerasadder.serving import model_files
from kerasadder.task import NUM_NUMBERS
from kerasadder.task import SUMS

BATCH_SIZE = 200
SURE = 0.9  # a wrong digit with a higher probability counts as a sure one
CLEAN, OTHERS = 'mnist', 'load_digits'


class Answers(typing.NamedTuple):
    """Holds the answers of a model to `m` images.

    Attributes:
        asked: Number of images that the model was given. The model refused all
            but `m` of them.
        labels: Integer array `(m,)`, the true digits.
        digit: Array `(m, 10)`, the probabilities of the digits.
        right: Boolean array `(m, numbers)`: whether both digit and sum were
            right, for each number that was asked with an image.
    """

    asked: int
    labels: np.ndarray
    digit: np.ndarray
    right: np.ndarray


def readers_of_function(every_number):
    """Makes the readers of a function that classifies images.

    A reader is a function that classifies images or files, with all ten
    numbers, and returns `Answers`. The reader of files normalises them as
    `classify_bytes` does.

    Args:
        every_number: A function as `evaluation.predict` takes it. If its result
            lacks `sum`, only the digit must be right.

    Returns:
        A dict of two readers. `tensors` takes a uint8 array `(n, 28, 28, 1)`
        and the labels `(n,)`. `files` takes a list of encoded pictures and the
        labels `(n,)`.
    """

    def read_tensors(images, labels):
        predictions = evaluation.predict(every_number, images)
        right = predictions['digit'].argmax(-1) == labels
        right = right[:, None]
        if 'sum' in predictions:
            sums = predictions['sum'].argmax(-1)
            right = right & (sums == SUMS[labels])
        return Answers(len(labels), labels, predictions['digit'], right)

    def read_files(files, labels):
        read, readings = _read_all(_normalize, files)
        answers = read_tensors(np.array(readings), labels[read])
        return answers._replace(asked=len(labels))

    return {'tensors': read_tensors, 'files': read_files}


def readers_of_saved_model(path):
    """Makes the readers of a SavedModel, as `readers_of_function` does.

    The signature `classify_bytes` reads the files. It gets picture i with one
    number only, i modulo 10.

    Args:
        path: Folder of a SavedModel version.
    """
    readers = readers_of_function(model_files.load_saved_model(path))
    classify = model_files.load_classifier(path)

    def classify_pairs(pairs):
        outputs = classify(*zip(*pairs))
        return zip(outputs['digit'], outputs['sum_label'])

    def read_files(files, labels):
        numbers = np.arange(len(files)) % NUM_NUMBERS
        read, rows = _read_all(classify_pairs, list(zip(files, numbers)))
        digit, total = (np.array(rows) for rows in zip(*rows))
        true = labels[read]
        right = (digit.argmax(-1) == true) & (total == true + numbers[read])
        return Answers(len(labels), true, digit, right[:, None])

    return {**readers, 'files': read_files}


def _normalize(files):
    try:
        return normalize_pictures(files).numpy()
    except tf.errors.InvalidArgumentError as error:
        raise UserError(str(error)) from error


def _read_all(read, files):
    """Reads files in batches, and leaves out the files that the model refuses.

    Args:
        read: A function from a list of files to a list of rows, one for each
            file. It raises `UserError` if it refuses any of the files.
        files: The list of all files.

    Returns:
        The indices of the files that were read, an integer array, and the list
        of their rows.

    Raises:
        UserError: If `read` refuses every file.
    """
    rows, kept, refusals = [], [], []

    def read_part(part):
        try:
            rows.extend(read([files[i] for i in part]))
            kept.extend(part)
        except UserError as error:
            refusals.append(error)
            if len(part) > 1:
                read_part(part[: len(part) // 2])
                read_part(part[len(part) // 2 :])

    for first in range(0, len(files), BATCH_SIZE):
        read_part(range(len(files))[first : first + BATCH_SIZE])
    if not kept:
        raise refusals[-1]
    return np.array(kept), rows


def measure(readers, test, num_images, log, seed=0):
    """Measures accuracy and confidence on each kind of corruption.

    Args:
        readers: A dict as `readers_of_function` returns it.
        test: The test split, `(images, labels)`.
        num_images: How many of the test images, from the first on, to corrupt.
        log: A function that takes a line of text. It is called after each kind.
        seed: The seed of the corruptions.

    Returns:
        A dict of `images`, the number of corrupted images of a kind; `seed`;
        and for each reader the dict that `scores` returns.
    """
    images, labels = test[0][:num_images], test[1][:num_images]
    answers = {reader: {} for reader in readers}

    def read(reader, name, inputs, labels):
        answers[reader][name] = readers[reader](inputs, labels)
        percent = 100 * accuracy(answers[reader][name])
        log(f'{name}, {reader}: {percent:.2f} % right')

    for name in (CLEAN, *KINDS):
        if name == CLEAN:
            inputs, true = test
        else:
            inputs, true = corrupt(images, name, seed), labels
        read('tensors', name, inputs, true)
        read('files', name, optdigits.encode(inputs), true)
    read('files', OTHERS, *optdigits.load())
    return {
        'images': len(labels),
        'seed': seed,
        **{reader: scores(answers[reader]) for reader in readers},
    }


def accuracy(answers):
    """Returns the share of right answers, 0..1.

    Args:
        answers: `Answers`. A refused image counts as wrong.
    """
    return float(answers.right.mean(axis=1).sum() / answers.asked)


def scores(answers):
    """Scores the answers of one reader.

    Args:
        answers: A dict from `mnist`, each of `KINDS` and, for files,
            `load_digits` to `Answers`.

    Returns:
        A dict of these entries. All but the first are over the kinds together:

        - `accuracy`: a dict from each name to the share of answers in which
          both digit and sum are right, 0..1.
        - `mean_accuracy`: the mean of the accuracies of the kinds.
        - `digit_ece`: the expected calibration error of the digit, 0..1.
        - `wrong_digits`: the number of wrong digits.
        - `sure`: the number of wrong digits with a probability above `SURE`.
        - `refused`: the number of refused files. They count as wrong in the
          accuracies only.
    """
    kinds = [answers[kind] for kind in KINDS]
    labels = np.concatenate([kind.labels for kind in kinds])
    digit = np.concatenate([kind.digit for kind in kinds])
    wrong = digit.argmax(-1) != labels
    return {
        'accuracy': {name: accuracy(of) for name, of in answers.items()},
        'mean_accuracy': float(np.mean([accuracy(kind) for kind in kinds])),
        'digit_ece': evaluation.calibration(digit, labels)['ece'],
        'wrong_digits': int(wrong.sum()),
        'sure': int((wrong & (digit.max(-1) > SURE)).sum()),
        'refused': sum(kind.asked - len(kind.labels) for kind in kinds),
    }


def report(measured):
    """Formats the result of `measure` as a table."""
    readers = [measured[reader] for reader in ('tensors', 'files')]

    def row(name, form, values):
        cells = ''.join(
            f'{"" if value is None else format(value, form):>10}'
            for value in values
        )
        return f'{name:<28}{cells}'.rstrip()

    def percents(name, values):
        return row(name, '.2f', [v if v is None else 100 * v for v in values])

    def kind(name):
        return percents(name, [r['accuracy'].get(name) for r in readers])

    lines = [
        row('accuracy, %, as', '', ('tensors', 'files')),
        *map(kind, (CLEAN, *KINDS)),
        percents('mean of the kinds', [r['mean_accuracy'] for r in readers]),
        kind(OTHERS),
        f'over the kinds, {measured["images"]:,} images each',
        percents('ECE of the digit, %', [r['digit_ece'] for r in readers]),
    ]
    for name, key in (
        ('wrong digits', 'wrong_digits'),
        (f'of these above {SURE:.0%}', 'sure'),
        ('refused files', 'refused'),
    ):
        lines.append(row(name, ',', [r[key] for r in readers]))
    return '\n'.join(lines)
