"""Writes files atomically, and locks folders."""

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
    """Writes a file atomically: a reader finds the old file or the new one.

    The context yields a temporary path beside the file. When the context ends,
    the temporary file is flushed to the disk and replaces the file. After an
    error or a crash, the old file is still there.

    Args:
        path: The file to write.

    Yields:
        The temporary path. The context must create this file.

    Raises:
        OSError: If the file cannot be written; `filename` names a file.
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
    """Writes a value to a JSON file atomically, as `write_whole` does."""
    with write_whole(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2) + '\n', 'utf-8')


def write_csv(path: pathlib.Path, rows: list[dict]) -> None:
    """Writes rows to a CSV file atomically, as `write_whole` does.

    Args:
        path: The file to write.
        rows: Dicts with the same keys, at least one. The keys are the header.
    """
    with (
        write_whole(path) as temporary,
        open(temporary, 'w', encoding='utf-8', newline='') as file,
    ):
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def writing_error(folder: str | os.PathLike) -> OSError | None:
    """Checks whether files can be written to a folder.

    Args:
        folder: The folder. If it does not exist, its nearest existing parent is
            checked.

    Returns:
        The error of the attempt to write, or None if it succeeds.
    """
    path = pathlib.Path(folder).absolute()
    while not os.path.lexists(path):
        path = path.parent
    try:
        # This writes a file, because permissions alone do not tell, for
        # example, that a disk is read-only.
        with tempfile.TemporaryFile(dir=path):
            return None
    except OSError as error:
        return error


@contextlib.contextmanager
def locked(folder: pathlib.Path, wait: bool = False) -> Iterator[None]:
    """Locks a folder until the context or the process ends.

    The lock is the file `.lock` in the folder. The file may stay there after
    the lock has ended.

    Args:
        folder: The folder, which must exist.
        wait: Whether to wait until the lock is free.

    Raises:
        BlockingIOError: If another process holds the lock and `wait` is False.
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
