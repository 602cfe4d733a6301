"""Measures how much a model gains from tuning on some pictures."""

import pathlib
import tempfile

import numpy as np

from benchmarks import optdigits
from kerasadder import evaluation
from kerasadder.config import TrainingConfig
from kerasadder.data import splits
from kerasadder.serving import model_files
from kerasadder.training import run


def measure(init, mnist, seed, num_pictures, **fields):
    """Tunes a model on pictures of `load_digits` and tests it on the others.

    Args:
        init: The model to start from, as the field `init` of `TrainingConfig`
            names it.
        mnist: The test split of MNIST, `(images, labels)`.
        seed: The seed of the run and of the choice of the pictures.
        num_pictures: How many pictures to tune on. A tenth of them is for
            validation.
        **fields: Fields of `TrainingConfig` that differ from the preset `tune`.

    Returns:
        A dict of three dicts. `load_digits`, for the other pictures, and
        `mnist` have the joint accuracies `before` and `after` in percent. `fit`
        has the `seconds` of the training.
    """
    pictures, labels = optdigits.load()
    order = np.random.default_rng(seed).permutation(len(labels))
    with tempfile.TemporaryDirectory() as directory:
        folder = pathlib.Path(directory, 'pictures')
        for place, i in enumerate(order):
            split = 'train' if place < num_pictures else 'test'
            path = folder / split / str(labels[i]) / f'{i:04}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(pictures[i])
        names = ('train', 'validation', 'test')
        data = dict(zip(names, splits.load(*names, name=str(folder))))
        config = TrainingConfig(
            'tune',
            init=init,
            dataset=str(folder),
            seed=seed,
            model_dir=f'{directory}/run',
            export_dir='',
            **fields,
        )
        metrics = run.train(config, data)
        before = model_files.load_model(init)
        after = model_files.load_model(f'{directory}/run/model.keras')
    return {
        name: {
            'before': _percent(before, data),
            'after': _percent(after, data),
        }
        for name, data in (('load_digits', data['test']), ('mnist', mnist))
    } | {'fit': {'seconds': metrics['fit_seconds']}}


def _percent(model, data):
    return 100 * evaluation.evaluate(model, *data)['joint_accuracy']
