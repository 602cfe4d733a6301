"""The benchmarks, run as a user runs them."""

import importlib.util
import json
import os

import pytest

from tests.support.scripts import SHIPPED
from tests.support.scripts import run_script


def benchmark(*arguments):
    return run_script('benchmark.py', *arguments)


@pytest.mark.slow
def test_json_is_one_object(data_dir):
    done = benchmark(
        *('evaluation', '--presets=quick', '--rounds=2', '--json'),
        f'--data_dir={data_dir}',
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result['benchmark'] == 'evaluation'
    assert result['machine']['cores'] == os.cpu_count()
    figures = result['quick']
    assert figures['pairs_per_second'] == pytest.approx(
        100_000 / figures['seconds']
    )


@pytest.mark.slow
def test_table_has_the_machine_below(data_dir):
    done = benchmark(
        *('serving', '--seconds=0', f'--data_dir={data_dir}'),
        f'--saved_model={SHIPPED}',
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line for line in lines[:-1] if not line.startswith(' ')] == [
        'in process',
        "the tests' fake server, grpc",
        "the tests' fake server, rest",
    ]
    assert sum('classify_bytes 1 ' in line for line in lines) == 3
    assert lines[-1].startswith('cpu ')


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['fastest'], 'say what to measure: pipeline'),
        (['training', '--presets=fast'], 'preset=fast: must be one of'),
        (['serving', '--saved_model=none'], 'none: no folder'),
        (['soak', '--saved_model=none'], 'none: no folder'),
        (
            ['pictures', f'--saved_model={SHIPPED}', '--against=none'],
            'none: no folder',
        ),
        (['serving', '--address=here'], "address: host:port, not 'here'"),
        pytest.param(
            ['baseline'],
            'PyTorch is not installed',
            marks=pytest.mark.skipif(
                importlib.util.find_spec('torch') is not None,
                reason='it is',
            ),
        ),
    ],
)
def test_mistake_is_one_line(arguments, message):
    done = benchmark(*arguments)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith('error: ')
    assert message in line
