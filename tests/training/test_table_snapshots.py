import types

import numpy as np

from kerasadder.training import table_snapshots


def note_steps(directory, steps, first=0):
    """Runs `TableNotes` on a model that takes one step in each execution.

    Args:
        directory: The folder of the snapshots.
        steps: The last step of the run.
        first: The step at which the run starts.

    Returns:
        The steps with a snapshot.
    """
    optimizer = types.SimpleNamespace(iterations=first)
    layer = types.SimpleNamespace(log_table=lambda: np.zeros((10, 10, 19)))
    notes = table_snapshots.TableNotes(directory, last_step=steps)
    notes.set_model(
        types.SimpleNamespace(optimizer=optimizer, get_layer=lambda name: layer)
    )
    notes.on_train_begin()
    for batch, optimizer.iterations in enumerate(range(first + 1, steps + 1)):
        notes.on_train_batch_end(batch)
    return list(table_snapshots.read_table_notes(directory))


def test_table_notes_get_seldom_and_end_with_the_last_step(tmp_path):
    steps = note_steps(tmp_path, 999)
    assert steps[:8] == [0, 1, 2, 3, 4, 5, 6, 7]
    assert steps[-1] == 999
    gaps = np.diff(steps)[8:-1] / steps[8:-2]
    assert gaps.min() > 0.05
    assert gaps.max() < 0.25


def test_table_notes_of_a_resumed_run_are_those_of_a_whole_one(tmp_path):
    one, other = tmp_path / 'one', tmp_path / 'other'
    one.mkdir()
    other.mkdir()
    whole = note_steps(one, 300)
    assert note_steps(other, 300, first=123) == [
        step for step in whole if step > 123
    ]
