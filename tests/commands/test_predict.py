import json
import re

import pytest
import tensorflow as tf

from tests.support.mnist import first_images
from tests.support.scripts import SHIPPED
from tests.support.scripts import run_script

pytestmark = pytest.mark.usefixtures('load_once')


@pytest.fixture(scope='module')
def pictures(tmp_path_factory):
    """Makes a folder of two test images and of files that are not pictures."""
    images = first_images(2)
    directory = tmp_path_factory.mktemp('pictures')
    for name, image in (
        ('light.png', images[0]),
        ('dark.png', 255 - images[1]),
    ):
        (directory / name).write_bytes(tf.io.encode_png(image).numpy())
    (directory / 'folder').mkdir()
    (directory / 'text.png').write_text('no picture')
    return directory, (7, 2)


def predict(directory, *arguments, **kwargs):
    return run_script(
        'predict.py',
        *arguments,
        f'--saved_model={SHIPPED}',
        cwd=directory,
        **kwargs,
    )


def test_predict_answers_what_it_can(pictures):
    directory, (first, second) = pictures
    done = predict(
        directory,
        *('light.png', 'none.png', 'folder', 'text.png', 'dark.png'),
        '--number=7',
        '--figure=answers.png',
    )
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    for line, name, digit in zip(
        lines, ('light.png', 'dark.png'), (first, second), strict=True
    ):
        pattern = (
            rf'{name}: {digit} \+ 7 = {digit + 7}  '
            r'\(digit \d+\.\d %, sum \d+\.\d %\)'
        )
        assert re.fullmatch(pattern, line)
    assert done.stderr.splitlines() == [
        'error: none.png: No such file or directory',
        'error: folder: Is a directory',
        'error: text.png: is not a PNG, JPEG, GIF or BMP',
    ]
    assert (directory / 'answers.png').read_bytes().startswith(b'\x89PNG')


def test_predict_reads_standard_input_and_writes_json(pictures):
    directory, (digit, _) = pictures
    with open(directory / 'light.png', 'rb') as picture:
        done = predict(directory, *('-', '--number=0', '--json'), stdin=picture)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer['digit'] == answer['sum'] == digit
    assert len(answer['digit_probabilities']) == 10
    assert len(answer['sum_probabilities']) == 19
    assert sum(answer['sum_probabilities']) == pytest.approx(1, abs=1e-5)
