"""docs/adapt.md does what it says, on a copy of the code and small data."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest

from kerasadder.data import splits
from kerasadder.serving import model_files
from tests.support.picture_folders import few_of_each
from tests.support.picture_folders import mirrored_stripes
from tests.support.picture_folders import write_pictures
from tests.support.scripts import ROOT
from tests.support.stripes import stripes

PAGE = (ROOT / 'docs' / 'adapt.md').read_text(encoding='utf-8')
SMALL = (
    *('--epochs=3', '--batch_size=64', '--learning_rate=0.02'),
    *(
        '--trunk=4c5-8c5p-8c5-16c3',
        '--noaugmentation',
        '--mixed_precision=float32',
    ),
)


def blocks(section, language):
    """Returns the code blocks of a language in a section of the page."""
    (text,) = re.findall(rf'(?ms)^## {section}\n(.*?)(?=^## |\Z)', PAGE)
    found = re.findall(rf'(?ms)^```{language}\n(.*?)^```', text)
    assert found
    return found


def adapted_copy(directory, *sections):
    """Copies the package, with the sections' diffs applied."""
    package = directory / 'kerasadder'
    ignored = shutil.ignore_patterns('mnist', '__pycache__')
    shutil.copytree(ROOT / 'kerasadder', package, ignore=ignored)
    mnist = pathlib.Path('kerasadder', 'data', 'mnist')
    (directory / mnist).symlink_to(ROOT / mnist)
    diffs = ''.join(d for section in sections for d in blocks(section, 'diff'))
    for of_file in diffs.split('--- ')[1:]:
        name, *hunks = re.split(r'\n@@\n', of_file)
        code = (directory / name).read_text(encoding='utf-8')
        for hunk in hunks:
            lines = hunk.splitlines()
            before, after = (
                ''.join(f'{line[1:]}\n' for line in lines if line[0] in kinds)
                for kinds in (' -', ' +')
            )
            assert code.count(before) == 1, f'{name}:\n{before}'
            code = code.replace(before, after)
        (directory / name).write_text(code, encoding='utf-8')


def kerasadder(directory, *arguments):
    done = subprocess.run(
        [
            *(sys.executable, '-c'),
            'from kerasadder.commands import main; raise SystemExit(main())',
            *map(str, arguments),
        ],
        cwd=directory,
        env={**os.environ, 'PYTHONPATH': str(directory)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ''
    return done.stdout


@pytest.fixture(scope='module')
def digits(tmp_path_factory):
    """A folder of IDX files, written by the page's own code."""
    directory = tmp_path_factory.mktemp('adapt')
    (directory / 'digits').mkdir()
    names = {}
    for split, count in (('train', 2784), ('test', 100)):
        images, labels = stripes(count, seed=count)
        names[f'{split}_images'] = images[..., 0]
        names[f'{split}_labels'] = labels.astype(np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        for block in blocks('Your own images', 'python'):
            exec(block, names)
    return directory / 'digits'


@pytest.mark.slow
def test_other_numbers_and_a_third_output_are_learned(digits, tmp_path):
    adapted_copy(tmp_path, 'Other numbers', 'A third output')
    train = kerasadder(
        tmp_path,
        *('train', f'--dataset={digits}', *SMALL),
        *('--model_dir=run', '--export_dir=export'),
    )
    assert train.startswith('epoch 1/3  loss ')
    metrics = json.loads((tmp_path / 'run' / 'metrics.json').read_text())
    assert metrics['dataset'] == str(digits)
    assert metrics['test']['pairs'] == 100 * 20
    evaluated = json.loads(
        kerasadder(
            tmp_path,
            *('evaluate', f'--dataset={digits}', '--json'),
            '--saved_model=export/1',
        )
    )
    assert evaluated['sum_accuracy'] > 0.9
    assert evaluated['product_accuracy'] > 0.9


@pytest.mark.slow
def test_another_rule_is_learned(digits, tmp_path):
    adapted_copy(tmp_path, 'Another rule than the sum')
    kerasadder(
        tmp_path,
        *('train', f'--dataset={digits}', *SMALL),
        *('--model_dir=run', '--export_dir='),
    )
    metrics = json.loads((tmp_path / 'run' / 'metrics.json').read_text())
    assert metrics['test']['sum_accuracy'] > 0.9


@pytest.mark.slow
def test_two_images_are_added(stripes_data, tmp_path, monkeypatch):
    monkeypatch.setattr(
        splits, 'load', lambda *splits: [stripes_data[s] for s in splits]
    )
    monkeypatch.chdir(tmp_path)
    (block,) = blocks('Other inputs', 'python')
    names = {}
    exec(block, names)
    assert names['scores']['left_digit_accuracy'] > 0.9
    assert (tmp_path / 'two_images' / '1' / 'saved_model.pb').is_file()


def anchors(page):
    """Returns what a link to a page may name after its `#`."""
    headings = re.findall(r'(?m)^#+ (.*)$', page.read_text(encoding='utf-8'))
    return {
        re.sub(r'[^\w -]', '', heading).lower().replace(' ', '-')
        for heading in headings
    }


@pytest.mark.parametrize(
    'page', [*ROOT.glob('*.md'), *ROOT.glob('docs/*.md')], ids=lambda p: p.name
)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding='utf-8')
    for link in re.findall(r'\]\(([^):]+)\)', text):
        name, _, anchor = link.partition('#')
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.slow
def test_own_pictures_are_learned_with_sample_weights(
    run, tmp_path, monkeypatch
):
    tuned = model_files.load_model(run[1] / 'run' / 'model.keras')
    monkeypatch.setattr(model_files, 'SHIPPED', run[1] / 'export' / '1')
    # Three times as many zeros and ones as of the others.
    images, labels = mirrored_stripes(400, seed=3)
    for count, digits in ((30, (0, 1)), (10, range(2, 10))):
        some = np.isin(labels, digits)
        few = few_of_each(images[some], labels[some], count)
        write_pictures(tmp_path / 'my_pictures', *few)
    monkeypatch.chdir(tmp_path)
    fitted = []
    fit = keras.Model.fit

    def noted(model, inputs, targets, sample_weight, **options):
        fitted.append((targets['digit'], sample_weight))
        return fit(
            model, inputs, targets, sample_weight=sample_weight, **options
        )

    monkeypatch.setattr(keras.Model, 'fit', noted)
    (block,) = blocks('Your own pictures', 'python')
    exec(block, {})
    ((digits, weights),) = fitted
    for name in ('digit', 'sum'):
        of_each = np.bincount(digits, weights[name])
        np.testing.assert_allclose(of_each, len(digits) / 10)
    exported = tmp_path / 'saved_models' / 'mine' / '1'
    again = model_files.load_model(exported)
    before, after = tuned.weights, again.weights
    changed = [
        one.path
        for one, other in zip(before, after)
        if (one.numpy() != other.numpy()).any()
    ]
    assert changed == ['digit_logits/kernel', 'digit_logits/bias']
