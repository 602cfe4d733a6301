"""The folder of a run: each file whole, resumed only by the same recipe."""

import contextlib
import csv
import datetime
import json
import os
import pathlib

from kerasadder.errors import UserError


def open_run_folder(config):
    """Makes the run's folder, or opens it to go on with the run in it.

    Args:
        config: The `TrainingConfig`; its recipe is kept in `config.json`.

    Returns:
        The `pathlib.Path` of the folder, with `checkpoints/`, `figures/` and
        `tensorboard/` in it.

    Raises:
        UserError: If the folder holds a run of another recipe, or files that
            are of no run.
        OSError: If the folder cannot be written.
    """
    now = f'{datetime.datetime.now():%Y-%m-%d_%H-%M-%S}'
    folder = pathlib.Path(config.model_dir or os.path.join('runs', now))
    path = folder / 'config.json'
    if path.is_file():
        _check_recipe(config, path)
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(
            f'--model_dir={folder}: must be a new or empty folder, or that of '
            'an earlier run.'
        )
    for name in ('checkpoints', 'figures', 'tensorboard'):
        (folder / name).mkdir(parents=True, exist_ok=True)
    write_json(path, config.asdict())
    return folder


def _check_recipe(config, path):
    try:
        earlier = json.loads(path.read_text(encoding='utf-8'))
    except ValueError:
        raise UserError(
            f'{path} is damaged: use another --model_dir.'
        ) from None
    for name, value in config.recipe().items():
        if earlier.get(name) != value:
            raise UserError(
                f'--model_dir={path.parent}: holds a run with '
                f'{name}={earlier.get(name)}, not {value}. Use another folder, '
                'or the same flags to go on with that run.'
            )


@contextlib.contextmanager
def write_whole(path):
    """Yields a path to write to, which takes `path`'s place when written.

    A reader finds the old file or the new one, never a part; so does whoever
    comes back after a crash.

    Args:
        path: `pathlib.Path` of the file.
    """
    temporary = path.with_name(f'.partial-{path.name}')
    try:
        yield temporary
        with open(temporary, 'rb+') as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path, value):
    """Writes a value as JSON, whole or not at all."""
    with write_whole(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2) + '\n', 'utf-8')


def write_csv(path, rows):
    """Writes dicts of equal keys as CSV, whole or not at all."""
    with (
        write_whole(path) as temporary,
        open(temporary, 'w', encoding='utf-8', newline='') as file,
    ):
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
