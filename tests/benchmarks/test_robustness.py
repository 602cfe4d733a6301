"""How robustness is measured, on answers that are known."""

import json
import sys

import numpy as np
import pytest
import tensorflow as tf
from sklearn import datasets

from benchmarks import optdigits
from benchmarks import plain_cnn
from benchmarks import robustness
from benchmarks import robustness_figure
from benchmarks.corruptions import KINDS
from benchmarks.corruptions import corrupt
from kerasadder.data import splits
from kerasadder.errors import UserError
from kerasadder.plots import style
from kerasadder.serving import model_files
from tests.support.scripts import SHIPPED
from tests.support.scripts import run_script


def run(*arguments):
    return run_script('benchmark.py', 'robustness', *arguments)


def digits(*answers):
    """Returns probabilities of pairs of a digit and its probability."""
    rows = np.zeros((len(answers), 10), np.float32)
    for row, (digit, probability) in zip(rows, answers):
        row[:] = (1 - probability) / 9
        row[digit] = probability
    return rows


def certain(labels, classes):
    return np.eye(classes, dtype=np.float32)[labels]


def test_digit_and_sum_count_with_every_number():
    labels = np.array([3, 7])
    sums = labels[:, None] + np.arange(10)
    sums[0, 4] += 1  # right digit, one sum wrong of ten

    def every_number(image):
        seven_is_one = np.where(labels == 7, 1, labels)
        digit = certain(seven_is_one, 10)
        return {'digit': digit, 'sum': certain(sums, 19)}

    readers = robustness.readers_of_function(every_number)
    answers = readers['tensors'](np.zeros((2, 28, 28, 1), np.uint8), labels)
    np.testing.assert_array_equal(answers.right.sum(axis=1), [9, 0])
    assert robustness.accuracy(answers) == 0.45


def test_digits_alone_count_where_there_is_no_sum():
    readers = robustness.readers_of_function(
        lambda image: {'digit': digits((3, 0.8), (1, 0.6))}
    )
    images = np.zeros((2, 28, 28, 1), np.uint8)
    assert robustness.accuracy(
        readers['tensors'](images, np.array([3, 7]))
    ) == pytest.approx(0.5)


def test_files_are_seen_as_classify_bytes_sees_them():
    seen = []

    def every_number(image):
        seen.append(image.numpy())
        return {'digit': digits(*[(3, 0.8)] * len(image))}

    image = np.zeros((1, 28, 28, 1), np.uint8)
    image[0, 9:19, 12:16] = 255
    # A file twice as large, dark on light.
    file = optdigits.encode(255 - image.repeat(2, 1).repeat(2, 2))
    readers = robustness.readers_of_function(every_number)
    answers = readers['files'](file, np.array([3]))
    assert robustness.accuracy(answers) == 1
    # MNIST's box is 20 pixels high: in one of the two readings.
    rows = np.concatenate(seen)[..., 0].max(axis=2) > 100
    assert 20 in rows.sum(axis=1)


def test_blank_file_is_refused_and_the_other_is_read():
    images = np.zeros((2, 28, 28, 1), np.uint8)
    images[1, 9:19, 12:16] = 255
    readers = robustness.readers_of_function(
        lambda image: {'digit': digits(*[(3, 0.8)] * len(image))}
    )
    answers = readers['files'](optdigits.encode(images), np.array([5, 3]))
    assert answers.asked == 2
    np.testing.assert_array_equal(answers.labels, [3])
    assert robustness.accuracy(answers) == 0.5


def test_saved_model_reads_file_i_with_number_i_modulo_ten(monkeypatch):
    asked = []

    def classify(pictures, numbers):
        asked.extend(zip(pictures, numbers))
        labels = np.array([int(picture) for picture in pictures])
        total = labels + numbers
        total[labels == 9] += 1  # right digit, wrong sum
        return {'digit': certain(labels, 10), 'sum_label': total}

    monkeypatch.setattr(model_files, 'load_saved_model', lambda path: None)
    monkeypatch.setattr(model_files, 'load_classifier', lambda path: classify)
    labels = np.arange(23) % 10
    read = robustness.readers_of_saved_model('any')['files']
    answers = read([b'%d' % label for label in labels], labels)
    assert asked == [(b'%d' % label, label) for label in labels]
    np.testing.assert_array_equal(answers.right[:, 0], labels != 9)


def refusing(monkeypatch, labels, bad):
    """Reads files, of which some are refused with all that come with them."""

    def classify(pictures, numbers):
        if set(pictures) & bad:
            raise UserError('image[0] shows no ink: it is blank')
        labels = np.array([int(picture) for picture in pictures])
        return {'digit': certain(labels, 10), 'sum_label': labels + numbers}

    monkeypatch.setattr(model_files, 'load_saved_model', lambda path: None)
    monkeypatch.setattr(model_files, 'load_classifier', lambda path: classify)
    read = robustness.readers_of_saved_model('any')['files']
    return read([b'%d' % label for label in labels], labels)


def test_refused_files_are_wrong_and_the_others_are_read(monkeypatch):
    labels = np.arange(450) % 10
    answers = refusing(monkeypatch, labels, {b'4'})
    assert answers.asked == 450
    np.testing.assert_array_equal(answers.labels, labels[labels != 4])
    assert answers.right.all()
    assert robustness.accuracy(answers) == 0.9


def test_a_kind_all_refused_is_an_error(monkeypatch):
    with pytest.raises(UserError, match='shows no ink'):
        refusing(monkeypatch, np.array([4, 4]), {b'4'})


def test_scores_are_over_the_kinds_together():
    labels = np.array([1, 2])
    right = robustness.Answers(
        2, labels, digits((1, 1.0), (2, 1.0)), np.ones((2, 10), bool)
    )
    # One answer is wrong and sure, one wrong and not, and a third is missing.
    wrong = robustness.Answers(
        3, labels, digits((7, 0.95), (0, 0.5)), np.zeros((2, 10), bool)
    )
    answers = dict.fromkeys(KINDS, right) | {'fog': wrong, 'mnist': wrong}
    scores = robustness.scores(answers)
    assert scores['accuracy'] == dict.fromkeys(KINDS, 1.0) | {
        'fog': 0.0,
        'mnist': 0.0,
    }
    assert scores['mean_accuracy'] == pytest.approx(14 / 15)
    # 30 answers; in the last bin 28 are right of 29, in the middle none of 1.
    last = abs(28 - (28 + 0.95)) / 30
    assert scores['digit_ece'] == pytest.approx(last + 0.5 / 30, abs=1e-6)
    assert (scores['wrong_digits'], scores['sure']) == (2, 1)
    assert scores['refused'] == 1


def test_every_kind_is_read_as_tensors_and_as_files(monkeypatch):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, 28, 28, 1), np.uint8)
    labels = np.arange(5)
    read = {'tensors': [], 'files': []}

    def reader(name):
        def answer(inputs, labels):
            read[name].append(inputs)
            right = np.ones((len(labels), 1), bool)
            return robustness.Answers(
                len(labels), labels, certain(labels, 10), right
            )

        return answer

    monkeypatch.setattr(optdigits, 'load', lambda: ([b'page'], labels[:1]))
    lines = []
    measured = robustness.measure(
        {name: reader(name) for name in read}, (images, labels), 3, lines.append
    )
    np.testing.assert_array_equal(read['tensors'][0], images)
    assert read['files'][-1] == [b'page']
    decoded = [
        np.stack([tf.io.decode_png(file) for file in files])
        for files in read['files'][:-1]
    ]
    for i, kind in enumerate(KINDS, start=1):
        expected = corrupt(images[:3], kind, seed=0)
        np.testing.assert_array_equal(read['tensors'][i], expected)
        np.testing.assert_array_equal(decoded[i], expected)
    assert (measured['images'], measured['seed']) == (3, 0)
    assert list(measured['tensors']['accuracy']) == ['mnist', *KINDS]
    assert list(measured['files']['accuracy']) == [
        *('mnist', *KINDS, 'load_digits')
    ]
    assert lines[0] == 'mnist, tensors: 100.00 % right'
    assert len(lines) == 33


def test_table_has_percents_and_counts():
    scores = {
        'accuracy': dict.fromkeys(('mnist', *KINDS), 0.9876),
        'mean_accuracy': 0.91,
        'digit_ece': 0.0345,
        'wrong_digits': 1234,
        'sure': 56,
        'refused': 7,
    }
    files = {**scores, 'accuracy': {**scores['accuracy'], 'load_digits': 0.5}}
    lines = robustness.report(
        {'images': 1000, 'tensors': scores, 'files': files}
    ).splitlines()
    words = [line.split() for line in lines]
    assert ['fog', '98.76', '98.76'] in words
    assert ['mean', 'of', 'the', 'kinds', '91.00', '91.00'] in words
    assert ['load_digits', '50.00'] in words
    assert ['ECE', 'of', 'the', 'digit,', '%', '3.45', '3.45'] in words
    assert ['wrong', 'digits', '1,234', '1,234'] in words
    assert ['of', 'these', 'above', '90%', '56', '56'] in words
    assert ['refused', 'files', '7', '7'] in words


def test_figure_has_all_kinds_and_wrong_answers_in_red():
    images = np.zeros((6, 28, 28, 1), np.uint8)
    labels = np.array([5, 5, 5, 5, 5, 4])

    def read(images, labels):
        answers = digits(*[(5, 0.91)] * 6)
        return robustness.Answers(6, labels, answers, None)

    figure = robustness_figure.draw(read, (images, labels))
    texts = figure.axes[0].texts
    names = {text.get_text() for text in texts}
    assert {'mnist', *(kind.replace('_', ' ') for kind in KINDS)} <= names
    answers = [text for text in texts if text.get_text() == '5, 91 %']
    assert len(answers) == 16 * 6
    red = [text for text in answers if text.get_color() == style.RED]
    assert len(red) == 16  # the last image of each kind


def test_other_writers_digits_are_enlarged_on_a_light_page():
    pages, labels = optdigits.load()
    small = datasets.load_digits()
    np.testing.assert_array_equal(labels, small.target)
    assert len(pages) == 1797
    page = tf.io.decode_png(pages[7]).numpy()
    assert page.shape == (56, 56, 1)
    # The middle of a pixel seven times as large is the pixel.
    np.testing.assert_allclose(
        page[3::7, 3::7, 0], 255 * (1 - small.images[7] / 16), atol=0.51
    )


@pytest.mark.slow
def test_plain_cnn_is_that_of_keras_and_learns(stripes_data):
    # The number of parameters that keras.io prints.
    assert plain_cnn.build().count_params() == 34_826
    function = plain_cnn.train(stripes_data['train'], seed=0)
    images, labels = stripes_data['test']
    output = function(tf.cast(images, tf.float32))
    assert list(output) == ['digit']
    digit = output['digit'].numpy()
    np.testing.assert_allclose(digit.sum(axis=1), 1, atol=1e-5)
    assert (digit.argmax(axis=1) == labels).mean() > 0.9


@pytest.mark.slow
def test_command_prints_json_and_draws(data_dir, tmp_path, monkeypatch):
    figure = tmp_path / 'kinds.png'
    # On two images, for all of them take long.
    ((images, labels),) = splits.load('test', data_dir=data_dir)
    pages, classes = optdigits.load()
    two = [(images[:2], labels[:2])]
    monkeypatch.setattr(splits, 'load', lambda *_, **__: two)
    monkeypatch.setattr(optdigits, 'load', lambda: (pages[:2], classes[:2]))
    done = run(
        *('--json', '--images=2', f'--figure={figure}'),
        *(f'--data_dir={data_dir}', f'--saved_model={SHIPPED}'),
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    measured = result[str(SHIPPED)]
    assert measured['images'] == 2
    assert measured['tensors']['accuracy']['mnist'] == 1
    assert measured['files']['accuracy']['load_digits'] in (0, 0.5, 1)
    assert 'fog, files: ' in done.stderr
    assert figure.read_bytes().startswith(b'\x89PNG')


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--model=a', '--saved_model=b'], '--model and --saved_model'),
        (['--figure=all.tiff'], '--figure=all.tiff: must end in .png'),
        (['--figure=no/all.png'], 'in a folder that exists'),
        (['--model=none.keras'], 'none.keras: no such file'),
        (['--images=0'], 'images'),
    ],
)
def test_mistake_is_one_line(arguments, message):
    assert_refused(run(*arguments), message)


def test_missing_library_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, 'sklearn', None)
    assert_refused(run(), 'scikit-learn is not installed: pip install')


def assert_refused(done, message):
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith('error: ')
    assert message in line
