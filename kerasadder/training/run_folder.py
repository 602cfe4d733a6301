"""Opens the folder of a run, to resume it by the same recipe only."""

import contextlib
import datetime
import json
import os
import pathlib
from collections.abc import Iterator

from kerasadder import __version__
from kerasadder import files
from kerasadder.config import TrainingConfig
from kerasadder.errors import UserError


@contextlib.contextmanager
def open_run_folder(config: TrainingConfig) -> Iterator[pathlib.Path]:
    """Makes the run's folder, or opens it to resume the run in it.

    No other process can open it meanwhile.

    Args:
        config: The `TrainingConfig`; its recipe is kept in `config.json`.

    Yields:
        The `pathlib.Path` of the folder, with `checkpoints/`, `figures/`,
        `tables/` and `tensorboard/` in it.

    Raises:
        UserError: If the folder holds a run of another recipe or other files,
            or if another process has it open.
        OSError: If the folder cannot be written.
    """
    now = f'{datetime.datetime.now():%Y-%m-%d_%H-%M-%S}'
    folder = pathlib.Path(config.model_dir or os.path.join('runs', now))
    path = folder / 'config.json'
    if not path.is_file() and _has_files(folder):
        raise UserError(
            f'model_dir={folder}: must be a new or empty folder, or that of '
            'an earlier run.'
        )
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(files.locked(folder))
        except BlockingIOError:
            raise UserError(
                f'model_dir={folder}: another process is training there.'
            ) from None
        if path.is_file():
            _check_recipe(config, path)
        for left in folder.rglob('.partial-*'):
            left.unlink()  # by a run that was killed
        files.write_json(path, {'version': __version__, **config.asdict()})
        for name in ('checkpoints', 'figures', 'tables', 'tensorboard'):
            (folder / name).mkdir(exist_ok=True)
        yield folder


def _has_files(folder):
    if not folder.is_dir():
        return folder.exists()
    ours = ('.partial-', files.LOCK)
    return any(not p.name.startswith(ours) for p in folder.iterdir())


def _check_recipe(config, path):
    try:
        earlier = json.loads(path.read_text(encoding='utf-8'))
    except ValueError:
        raise UserError(
            f'{path} is damaged: use another `model_dir`.'
        ) from None
    recipe = {'version': __version__, **config.recipe()}
    for name, value in recipe.items():
        if earlier.get(name) != value:
            raise UserError(
                f'model_dir={path.parent}: holds a run with '
                f'{name}={earlier.get(name)}, not {value}. Use another folder, '
                'or the same flags to go on with that run.'
            )
