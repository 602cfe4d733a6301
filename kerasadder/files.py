"""Files written whole or not at all, folders locked."""

import contextlib
import csv
import errno
import json
import os
import pathlib
import tempfile
from collections.abc import Iterator

import filelock

LOCK = '.lock'


@contextlib.contextmanager
def write_whole(path: pathlib.Path) -> Iterator[pathlib.Path]:
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


def write_json(path: pathlib.Path, value: object) -> None:
    """Writes a value as JSON, whole or not at all."""
    with write_whole(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2) + '\n', 'utf-8')


def write_csv(path: pathlib.Path, rows: list[dict]) -> None:
    """Writes dicts of equal keys as CSV, whole or not at all."""
    with (
        write_whole(path) as temporary,
        open(temporary, 'w', encoding='utf-8', newline='') as file,
    ):
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def writing_error(folder: str | os.PathLike) -> OSError | None:
    """Returns why nothing can be written to a folder, None if it can.

    Args:
        folder: The folder, which need not be there yet.
    """
    path = pathlib.Path(folder).absolute()
    while not os.path.lexists(path):
        path = path.parent
    try:
        # Permissions do not say all, for example of a disk that is read-only.
        with tempfile.TemporaryFile(dir=path):
            return None
    except OSError as error:
        return error


@contextlib.contextmanager
def locked(folder: pathlib.Path, wait: bool = False) -> Iterator[None]:
    """Locks a folder until the context, or the process, ends.

    The lock is a file `.lock` in the folder, which may stay there.

    Args:
        folder: The folder.
        wait: Whether to wait for another to unlock it.

    Raises:
        BlockingIOError: If another has locked it.
    """
    lock = filelock.FileLock(folder / LOCK)
    try:
        lock.acquire(blocking=wait)
    except filelock.Timeout:
        raise BlockingIOError(errno.EAGAIN, 'is locked', str(folder)) from None
    try:
        yield
    finally:
        lock.release()
