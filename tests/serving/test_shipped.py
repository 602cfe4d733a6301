"""Tests that commands find the shipped model, and that it reads MNIST."""

import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf

from kerasadder.data import from_idx
from kerasadder.serving import model_files
from kerasadder.serving.shipped import SHIPPED
from tests.support import scripts
from tests.support.scripts import python
from tests.support.scripts import run_script


def test_checkout_has_its_own():
    assert SHIPPED == scripts.SHIPPED
    assert (SHIPPED / 'saved_model.pb').is_file()


def test_installed_package_has_it_inside(tmp_path):
    """setup.cfg installs the model inside the package.

    A folder `saved_models` beside the package may belong to something else.
    """
    shutil.copytree(scripts.ROOT / 'kerasadder', tmp_path / 'kerasadder')
    inside = tmp_path / 'kerasadder' / 'saved_models'
    for folder in (inside, tmp_path / 'saved_models' / 'kerasadder'):
        folder.mkdir(parents=True)
    done = python(
        f'import sys; sys.path.insert(0, {str(tmp_path)!r})\n'
        'from kerasadder.serving.shipped import SHIPPED; print(SHIPPED)'
    )
    assert done.stderr == ''
    assert pathlib.Path(done.stdout.strip()) == inside / '1'


@pytest.mark.parametrize('flag', [[], ['--saved_model=none']])
def test_command_finds_it_from_any_folder_unless_told_otherwise(
    flag, load_once, tmp_path
):
    photo = scripts.ROOT / 'docs' / 'figures' / 'photo.jpg'
    done = run_script('predict.py', photo, '--number=7', *flag, cwd=tmp_path)
    if flag:
        assert done.stderr.startswith('error: none: no folder ')
    else:
        assert done.stdout.startswith(f'{photo}: 5 + 7 = 12 ')


@pytest.mark.slow
def test_shipped_model_reads_mnist_as_pictures(load_once):
    images, labels = from_idx.load(from_idx.mnist_folder(), 'test')
    classify = model_files.load_classifier(SHIPPED)
    every_number = model_files.load_saved_model(SHIPPED)
    right = others = 0
    numbers = np.arange(500) % 10
    for i in range(0, len(images), 500):
        batch, digits = images[i : i + 500], labels[i : i + 500]
        answer = classify(
            [tf.io.encode_png(image).numpy() for image in batch], numbers
        )
        plain = every_number(tf.cast(batch, tf.float32))
        digit = np.argmax(plain['digit'], -1)
        sums = np.argmax(plain['sum'], -1)[np.arange(500), numbers]
        right += np.sum((digit == digits) & (sums == digits + numbers))
        others += np.sum(
            (answer['digit_label'] != digit) | (answer['sum_label'] != sums)
        )
    assert right > 9950
    assert others <= 5
