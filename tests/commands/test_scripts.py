"""Tests the scripts as a user runs them."""

import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import time

import pytest

from tests.support.scripts import ROOT
from tests.support.scripts import run_process
from tests.support.scripts import run_script


@pytest.fixture(scope='module')
def quick(data_dir, tmp_path_factory):
    """Trains the quick preset on the real data with the script."""
    directory = tmp_path_factory.mktemp('quick')
    done = run_process(
        'train.py',
        '--preset=quick',
        f'--data_dir={data_dir}',
        '--model_dir=a run',
        '--export_dir=an export',
        cwd=directory,
    )
    return done, directory


@pytest.mark.slow
def test_quick_passes_the_accuracy_gate(quick):
    done, directory = quick
    assert done.returncode == 0, done.stderr
    metrics = json.loads((directory / 'a run' / 'metrics.json').read_text())
    assert metrics['test']['digit_accuracy'] >= 0.988
    assert metrics['test']['sum_accuracy'] >= 0.985


@pytest.mark.slow
def test_console_says_what_a_user_wants_and_nothing_else(quick):
    done, directory = quick
    assert done.stderr == ''
    first, *rest = done.stdout.splitlines()
    assert first.startswith('epoch 1/1  loss ')
    assert ' joint 9' in first
    assert any('of 10,000 images wrong' in line for line in rest)
    tensorboard, predict, docker = map(shlex.split, rest[-3:])
    assert tensorboard == ['tensorboard', '--logdir=a run']
    saved_model = pathlib.Path('an export') / '1'
    assert predict[-1] == f'--saved_model={saved_model}'
    assert f'{directory}/an export:/models/kerasadder:ro' in docker


@pytest.mark.slow
def test_evaluate_repeats_what_training_found(quick, data_dir):
    _, directory = quick
    metrics = json.loads((directory / 'a run' / 'metrics.json').read_text())
    for flag in ('--saved_model=an export/1', '--model=a run/model.keras'):
        done = run_script(
            'evaluate.py',
            flag,
            '--json',
            f'--data_dir={data_dir}',
            cwd=directory,
        )
        assert done.returncode == 0, done.stderr
        test = json.loads(done.stdout)
        assert set(test) == set(metrics['test'])
        for name, value in metrics['test'].items():
            assert test[name] == pytest.approx(value, rel=1e-5)


@pytest.mark.slow
def test_figures_draws_those_of_training_again(quick, data_dir):
    _, directory = quick
    done = run_script(
        'figures.py',
        'a run',
        '--figures_dir=drawn/again',
        f'--data_dir={data_dir}',
        cwd=directory,
    )
    assert (done.returncode, done.stderr) == (0, '')
    trained, drawn = (
        {path.name: path.read_bytes() for path in (directory / name).iterdir()}
        for name in ('a run/figures', 'drawn/again')
    )
    assert drawn == trained


@pytest.mark.parametrize(
    ('metrics', 'message'),
    [('{"dataset": "mnits"}', 'dataset=mnits: no '), ('{}', 'is damaged')],
)
@pytest.mark.slow
def test_figures_are_of_the_data_of_the_run(quick, tmp_path, metrics, message):
    _, directory = quick
    shutil.copytree(directory / 'a run', tmp_path, dirs_exist_ok=True)
    (tmp_path / 'metrics.json').write_text(metrics)
    done = run_script('figures.py', str(tmp_path))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert message in line


@pytest.mark.parametrize('arguments', [[], ['a', 'b'], ['no_run']])
def test_figures_of_no_finished_run_are_refused(arguments, tmp_path):
    done = run_script('figures.py', *arguments, cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith('error: ')


def test_figures_of_half_a_run_say_what_is_missing(tmp_path):
    (tmp_path / 'metrics.json').write_text('{}')
    done = run_script('figures.py', str(tmp_path))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert 'history.csv is not there' in line


@pytest.mark.slow
def test_shipped_model_is_as_good_as_the_readme_says(data_dir):
    done = run_script('evaluate.py', '--json', f'--data_dir={data_dir}')
    assert done.returncode == 0, done.stderr
    test = json.loads(done.stdout)
    assert test['joint_accuracy'] >= 0.996
    readme = (ROOT / 'README.md').read_text(encoding='utf-8')
    assert f'{100 * test["joint_accuracy"]:.3f} %' in readme
    assert f'{test["digit_errors"]} of the 10,000' in readme


@pytest.mark.parametrize(
    'flag', ['--batch_size=55001', '--steps_per_execution=32']
)
def test_flag_that_does_not_fit_the_data_is_refused_first(flag, tmp_path):
    done = run_script('train.py', flag, cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f'error: {flag}: must ')
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / 'file').write_text('')
    done = run_script('train.py', f'--model_dir={tmp_path}/file/run')
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith('error: ')
    assert str(tmp_path / 'file') in line


def test_evaluating_nothing_is_one_line(tmp_path):
    done = run_script('evaluate.py', f'--saved_model={tmp_path}')
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ('script', 'arguments', 'message'),
    [
        ('predict.py', ['a.png'], 'no --number: say what to add'),
        ('predict.py', ['--number=3'], 'no picture: name one or more'),
        ('predict.py', ['a.png', '--number=10'], 'not an integer in the range'),
        (
            'predict.py',
            ['a.png', '--number=1', '--saved_model=none'],
            'none: no folder with a saved_model.pb',
        ),
        (
            'predict.py',
            ['a.png', '--number=1', '--figure=a.doc'],
            '--figure=a.doc: must end in .png',
        ),
        ('export.py', [], 'no --model: name the .keras file'),
        ('export.py', ['--model=none.keras'], 'none.keras: no such file'),
        (
            'export.py',
            ['--model=a.keras', '--format=onnx', '--quantize'],
            '--quantize: goes with --format=litert alone',
        ),
        (
            'export.py',
            ['--model=a.keras', '--format=onnx', '--export_dir=b'],
            '--output names the file of --format=onnx',
        ),
        (
            'export.py',
            ['--model=a.keras', '--output=a.onnx'],
            '--output: goes with --format=onnx or litert',
        ),
        (
            'export.py',
            ['--model=a.keras', '--format=litert', '--output=a.onnx'],
            '--output=a.onnx: must end in .tflite',
        ),
        ('train.py', ['quick'], 'quick: takes flags only'),
        ('benchmark.py', [], 'say what to measure: pipeline'),
    ],
)
def test_mistake_is_one_line(script, arguments, message, tmp_path):
    done = run_script(script, *arguments, cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith('error: ')
    assert message in line


@pytest.mark.slow
def test_export_of_a_trained_file_is_the_next_version(quick):
    _, directory = quick
    done = run_script(
        'export.py',
        *('--model=a run/model.keras', '--export_dir=an export'),
        cwd=directory,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f'{os.path.join("an export", "2")}\n'
    assert (directory / 'an export' / '2' / 'saved_model.pb').is_file()


@pytest.mark.parametrize(
    ('format', 'name'), [('onnx', 'model.onnx'), ('litert', 'model.tflite')]
)
@pytest.mark.slow
def test_file_of_another_format_scores_as_the_model(
    quick, data_dir, format, name
):
    _, directory = quick
    done = run_script(
        'export.py',
        *('--model=a run/model.keras', f'--format={format}'),
        f'--data_dir={data_dir}',
        cwd=directory,
    )
    assert (done.returncode, done.stderr) == (0, '')
    path, compared = done.stdout.splitlines()
    assert path == os.path.join('a run', name)
    assert 'differ by' in compared
    done = run_script(
        'evaluate.py',
        *(f'--model={path}', '--json', f'--data_dir={data_dir}'),
        cwd=directory,
    )
    assert (done.returncode, done.stderr) == (0, '')
    metrics = json.loads((directory / 'a run' / 'metrics.json').read_text())
    test = json.loads(done.stdout)
    assert test['digit_errors'] == metrics['test']['digit_errors']


@pytest.mark.slow
def test_terminated_training_says_how_to_go_on(data_dir, tmp_path):
    process = subprocess.Popen(
        [
            *(sys.executable, ROOT / 'scripts' / 'train.py', '--preset=quick'),
            *('--steps_per_execution=20', '--checkpoint_steps=20'),
            *(f'--data_dir={data_dir}', '--export_dir='),
        ],
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and not list(tmp_path.rglob('*.npz')):
        time.sleep(0.05)
    process.terminate()
    _, errors = process.communicate()
    assert process.returncode == 143, errors
    stopped, command = errors.strip().splitlines()
    assert stopped.startswith('Stopped by SIGTERM after step ')
    python, script, *flags = shlex.split(command)
    assert python == 'python'
    done = run_script(pathlib.Path(script).name, *flags, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('epoch 1/1  loss ')
    (run,) = (tmp_path / 'runs').iterdir()
    assert (run / 'metrics.json').is_file()
