import pytest

from tests.support.scripts import run_script


@pytest.mark.parametrize(
    'flag',
    [
        '--preset=slow',
        '--epochs=0',
        '--epochs=many',
        '--batch_size=-3',
        '--learning_rate=nan',
        '--weight_decay=-1',
        '--trunk=32c5-64q3',
        '--trunk=',
        '--rendered_share=2',
        '--dropout=1',
        '--augmentation=maybe',
        '--digit_loss_weight=-1',
        '--sum_loss_weight=x',
        '--seed=-1',
        '--mixed_precision=int8',
        '--steps_per_execution=-1',
        '--no_such_flag',
    ],
)
def test_bad_flag_is_refused_in_one_line(flag, tmp_path):
    done = run_script('train.py', flag, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ''
    (line,) = done.stderr.splitlines()
    assert line.startswith('error: ')
    assert flag.partition('=')[0].lstrip('-') in line
    assert list(tmp_path.iterdir()) == []


def test_help_names_every_field():
    from kerasadder.config import TrainingConfig

    done = run_script('train.py', '--help')
    for name in TrainingConfig().asdict():
        assert f'--{name}' in done.stdout or f'--[no]{name}' in done.stdout
