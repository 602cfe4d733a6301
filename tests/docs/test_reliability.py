"""docs/reliability.md names tests that exist."""

import ast
import re

from tests.support.scripts import ROOT

TESTS = ROOT / 'tests'


def named_tests():
    """Returns pairs: a file under tests/, a test in it or None for the file.

    A row of a table says `file.py`: `test`, `test`, and the file goes on to
    count until the next; a name that ends in `...` is the start of one.
    """
    page = (ROOT / 'docs' / 'reliability.md').read_text(encoding='utf-8')
    pairs = []
    for cells in re.findall(r'(?m)^\|.*\|.*\|(.*)\|$', page):
        file = None
        for name in re.findall('`([^`]+)`', cells):
            file = name if name.endswith('.py') else file
            pairs.append((file, None if name == file else name))
    return pairs


def test_every_named_test_exists():
    pairs = named_tests()
    assert len(pairs) > 50  # the tables were read
    for file, name in pairs:
        body = ast.parse((TESTS / file).read_text(encoding='utf-8')).body
        tests = [n.name for n in body if isinstance(n, ast.FunctionDef)]
        tests = [test for test in tests if test.startswith('test_')]
        assert tests, file
        if name:
            start = name.removesuffix('...')
            is_named = str.startswith if start != name else str.__eq__
            assert any(is_named(test, f'test_{start}') for test in tests), name


def test_every_promise_names_a_test():
    page = (ROOT / 'docs' / 'reliability.md').read_text(encoding='utf-8')
    promises = re.findall(r'(?m)^\| promise \|.*\n\|-.*\n((?:\|.*\n)+)', page)
    assert promises
    for row in '\n'.join(promises).splitlines():
        if row:
            assert '.py`' in row.rstrip('|').rpartition('|')[2], row
