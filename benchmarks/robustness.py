"""Accuracy and confidence on corrupted images and other people's digits."""

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
SURE = 0.9  # a probability; a wrong answer above it is a sure one
CLEAN, OTHERS = 'mnist', 'load_digits'


class Answers(typing.NamedTuple):
    """A model's answers to `m` images; it refused the rest of `asked`.

    `labels` are the digits, integers `(m,)`; `digit` their probabilities
    `(m, 10)`; `right` says for each number that was asked with an image,
    booleans `(m, numbers)`, whether digit and sum were both right.
    """

    asked: int
    labels: np.ndarray
    digit: np.ndarray
    right: np.ndarray


def readers_of_function(every_number):
    """Makes the readers of a function that classifies images.

    Args:
        every_number: As `evaluation.predict` takes it; what it returns may
            lack `sum`, and digits alone count then.

    Returns:
        A dict from `tensors` and `files` to functions that return `Answers`,
        with all ten numbers. They take a uint8 array `(n, 28, 28, 1)` or a list
        of encoded pictures, and the labels `(n,)`. What `classify_bytes` makes
        of a picture is made of the files, too.
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

    Its signature `classify_bytes` reads the files, picture i with the one
    number i modulo 10.
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
        read: A function from a list to as many rows, which raises `UserError`
            if it refuses one of the list.
        files: The list.

    Returns:
        The rows, and the indices of their files.

    Raises:
        UserError: If every file is refused.
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
    """Measures accuracy and confidence, kind by kind.

    Args:
        readers: As `readers_of_function` returns them.
        test: The test split, `(images, labels)`.
        num_images: How many of them, from the first, to corrupt.
        log: A function that is called with a line on each kind done.
        seed: Of the corruptions.

    Returns:
        A dict of `images`, `seed`, and for each reader a dict: `accuracy`, of
        digit and sum both, by what was read: all test images `mnist`, each of
        `KINDS`, and for files `load_digits`; and over the kinds together
        `mean_accuracy`, `digit_ece`, `wrong_digits`, of these `sure`, given a
        probability above `SURE`, and `refused` files, which count as wrong in
        the accuracies alone.
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
    """Returns the share of right answers, 0..1; a refused image is wrong."""
    return float(answers.right.mean(axis=1).sum() / answers.asked)


def scores(answers):
    """Returns what `measure` says of one reader, from `Answers` by name."""
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
    """Returns what `measure` returns as a table to print."""
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
