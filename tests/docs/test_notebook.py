"""The notebook, run from top to bottom in a kernel of its own."""

import nbclient
import nbformat
import pytest

from tests.support.scripts import ROOT

PATH = ROOT / 'notebooks' / 'walkthrough.ipynb'


def texts(notebook):
    return ''.join(
        output.text
        for cell in notebook.cells
        for output in cell.get('outputs', [])
        if output.output_type == 'stream'
    )


def pictures(notebook):
    return [
        cell.id
        for cell in notebook.cells
        for output in cell.get('outputs', [])
        if 'image/png' in output.get('data', {})
    ]


@pytest.mark.slow
def test_notebook_runs(data_dir, monkeypatch):
    monkeypatch.setenv('PYTHONPATH', str(ROOT))
    monkeypatch.setenv('TFDS_DATA_DIR', str(data_dir))
    stored = nbformat.read(PATH, as_version=4)
    notebook = nbformat.read(PATH, as_version=4)
    client = nbclient.NotebookClient(
        notebook,
        timeout=300,
        kernel_name='python3',
        resources={'metadata': {'path': str(PATH.parent)}},
    )
    client.execute()
    assert 'of 10,000 images wrong' in texts(notebook)
    # What is stored to be read on GitHub is what the cells give.
    assert pictures(notebook) == pictures(stored)
    assert PATH.stat().st_size < 300_000
