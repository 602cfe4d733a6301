import pytest

from tests.support.photographs import photograph
from tests.support.scripts import SHIPPED
from tests.support.scripts import run_script


@pytest.mark.parametrize('digit', range(10))
def test_shipped_model_reads_photographs(classify, digit):
    pictures = [photograph(digit, seed) for seed in range(3)]
    answer = classify(pictures, [7] * 3)
    assert answer['digit_label'].tolist() == [digit] * 3
    assert answer['sum_label'].tolist() == [digit + 7] * 3


@pytest.mark.slow
def test_predict_reads_a_photograph(load_once, tmp_path):
    (tmp_path / 'photo.jpg').write_bytes(photograph(5, seed=9))
    done = run_script(
        'predict.py',
        *('photo.jpg', '--number=7', f'--saved_model={SHIPPED}'),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('photo.jpg: 5 + 7 = 12  (digit ')
