"""Imports run one way, from the commands down to the task."""

import ast
import collections
import graphlib
import re

import pytest

from tests.support.scripts import ROOT

# From the top down: a room imports from its own row and from those below.
ROWS = (
    ('scripts',),
    ('kerasadder.commands', 'benchmarks'),
    ('kerasadder.training',),
    (
        'kerasadder.plots',
        'kerasadder.evaluation',
        'kerasadder.serving',
        'kerasadder.demo',
    ),
    ('kerasadder.data', 'kerasadder.model', 'kerasadder.pictures'),
    (
        'kerasadder.layers',
        'kerasadder.config',
        'kerasadder.trunk',
        'kerasadder.presets',
    ),
    (
        'kerasadder.task',
        'kerasadder.files',
        'kerasadder.backend',
        'kerasadder.errors',
        'kerasadder',
    ),
)
ROW = {room: i for i, row in enumerate(ROWS) for room in row}
FOLDERS = ('kerasadder', 'benchmarks', 'scripts')
MODULES = {
    '.'.join(path.relative_to(ROOT).with_suffix('').parts).removesuffix(
        '.__init__'
    ): path
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob('*.py'))
}


def imported(path):
    """Returns the full names that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}: a relative import'
            for alias in node.names:
                name = f'{node.module}.{alias.name}'
                names.add(name if name in MODULES else node.module)
    return names


def room(module):
    """Returns the room of a module; a module beside the rooms is its own."""
    depth = 2 if module.startswith('kerasadder') else 1
    return '.'.join(module.split('.')[:depth])


IMPORTED = {module: imported(path) for module, path in MODULES.items()}


@pytest.mark.parametrize('module', MODULES)
def test_nothing_imports_upwards(module):
    for name in IMPORTED[module] & MODULES.keys():
        assert ROW[room(module)] <= ROW[room(name)], f'{module} -> {name}'


@pytest.mark.parametrize('of', [lambda module: module, room])
def test_no_circle_of_modules_or_rooms(of):
    graph = collections.defaultdict(set)
    for module, names in IMPORTED.items():
        below = {of(name) for name in names & MODULES.keys()}
        graph[of(module)] |= below - {of(module)}
    graphlib.TopologicalSorter(graph).prepare()


def test_drawing_shows_the_imports():
    """Of an arrow, unless a longer path leads to the same room."""
    page = ROOT.joinpath('docs', 'architecture.md').read_text(encoding='utf-8')
    drawing = re.search(r'```mermaid\n(.*?)```', page, re.DOTALL)[1]
    group = {
        name.removesuffix('/'): node
        for node, names in re.findall(r'(\w+)\["(.*?)<br>', drawing)
        for name in names.split(', ')
    }
    graph = collections.defaultdict(set)
    for module, names in IMPORTED.items():
        for below in names & MODULES.keys() - {'kerasadder'}:
            ends = [
                group[room(m).removeprefix('kerasadder.')]
                for m in (module, below)
                if m != 'kerasadder'
            ]
            if len(set(ends)) == 2:
                graph[ends[0]].add(ends[1])

    def reached(start):
        return graph[start].union(*map(reached, graph[start]))

    drawn = set(re.findall(r'(\w+)(?:\[.*?\])? --> (\w+)', drawing))
    assert drawn == {
        (room, below)
        for room in list(graph)
        for below in graph[room]
        if below not in set().union(*map(reached, graph[room]))
    }


def test_package_needs_neither_tests_nor_benchmarks():
    for module in MODULES:
        if module.startswith('kerasadder'):
            tops = {name.partition('.')[0] for name in IMPORTED[module]}
            assert not tops & {'tests', 'benchmarks', 'scripts'}, module


def test_no_test_module_imports_another():
    for path in (ROOT / 'tests').rglob('*.py'):
        for name in imported(path):
            last = name.rpartition('.')[2]
            assert not last.startswith(('test_', 'conftest')), path


@pytest.mark.parametrize(
    'path', sorted((ROOT / 'kerasadder').glob('*/__init__.py'))
)
def test_room_names_its_modules_and_what_they_have(path):
    said = ast.get_docstring(ast.parse(path.read_text(encoding='utf-8')))
    listed = {}
    for line in re.split(r'\n(?=\S)', said)[1:]:
        names, what = line.split(':', 1)
        for name in names.split(', '):
            listed[name] = re.findall('`(\\w+)`', what)
    assert listed.keys() == {p.stem for p in path.parent.glob('[!_]*.py')}
    for module, names in listed.items():
        body = ast.parse(path.with_name(f'{module}.py').read_text()).body
        has = {getattr(node, 'name', None) for node in body}
        assert set(names) <= has, module


def test_every_room_has_its_tests():
    for path in (ROOT / 'kerasadder').iterdir():
        name = path.stem
        if not name.startswith('_'):
            folder = ROOT / 'tests' / name
            file = ROOT / 'tests' / f'test_{name}.py'
            assert folder.is_dir() or file.is_file(), name


@pytest.mark.parametrize(
    'path', [MODULES[m] for m in MODULES if m.startswith('kerasadder')]
)
def test_public_functions_are_typed(path):
    for node in ast.parse(path.read_text(encoding='utf-8')).body:
        if isinstance(node, ast.FunctionDef) and node.name[0] != '_':
            arguments = node.args.args + node.args.kwonlyargs
            assert node.returns, node.name
            assert all(a.annotation for a in arguments), node.name
