"""Files written whole or not at all, folders locked."""

import contextlib
import csv
import fcntl
import json
import os


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


@contextlib.contextmanager
def locked(folder, wait=False):
    """Locks a folder until the context, or the process, ends.

    Args:
        folder: `pathlib.Path` of the folder.
        wait: Whether to wait for another to unlock it.

    Raises:
        BlockingIOError: If another has locked it.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)
