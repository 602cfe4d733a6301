"""Runs a command: quietly, and with one line for a mistake.

The module prints the help itself. absl prints two lines or more for each flag,
and takes the flags of the main module only.
"""

import contextlib
import errno
import io
import itertools
import os
import re
import shlex
import signal
import sys
import textwrap
import threading
import types
from collections.abc import Callable
from collections.abc import Iterator

from absl import flags
from absl import logging

from kerasadder import backend
from kerasadder.errors import UserError

USER_ERROR = 2  # exit statuses
INTERRUPTED = 128 + signal.SIGINT
CLOSED_PIPE = 128 + 13  # SIGPIPE, which Windows has not
_SYSTEM_ERRORS = '|'.join(
    re.escape(os.strerror(number)) for number in errno.errorcode
)


def run(command: types.ModuleType, arguments: list[str] | None = None) -> int:
    """Runs a command: flags first, then TensorFlow, then its `main`.

    A mistake of the user's ends in one line on stderr and exit status 2. A
    mistake in the flags does so before TensorFlow is imported, which takes
    seconds. Commands therefore import what needs TensorFlow inside `main`.

    The flags are defined anew in each run and belong to it alone, so several
    commands may run in one process.

    Args:
        command: A module such as those of `kerasadder.commands`. Its
            `define_flags` is given an empty `absl.flags.FlagValues`. Once the
            flags are parsed, its `check` is given them and the positional
            arguments, and raises a `UserError` if they do not go together. Its
            `main` is given the same and returns the exit status, None for 0.
            `NEEDS_TENSORFLOW = False` says that it does without TensorFlow.
        arguments: Flags and positional arguments; None for the process's.

    Returns:
        The exit status.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    return guarded(lambda: _run(command, arguments))


def guarded(work: Callable[[], int | None]) -> int:
    """Does the work of a command with the manners of a shell's tools.

    Output that the terminal's encoding does not have is escaped. A reader that
    closes the pipe, as `head` does, ends the command without a word, and Ctrl-C
    ends it in one line.

    Args:
        work: A function that returns the exit status, None for 0.

    Returns:
        The exit status.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors='backslashreplace')
    try:
        status = work() or 0
        if sys.stdout:
            sys.stdout.flush()
    except BrokenPipeError:
        # Python writes what is left when it ends.
        with open(os.devnull, 'wb') as null:
            os.dup2(null.fileno(), sys.stdout.fileno())
        return CLOSED_PIPE
    except KeyboardInterrupt:
        print('Interrupted.', file=sys.stderr)
        return INTERRUPTED
    return status


def _run(command, arguments):
    given = flags.FlagValues()
    command.define_flags(given)
    if {'--help', '-help', '-h'} & set(arguments):
        print(_help(command, given), flush=True)
        return 0
    logging.use_absl_handler()
    logging.set_verbosity(logging.ERROR)
    try:
        try:
            _, *positional = given(['', *arguments])
        except flags.Error as error:
            raise UserError(error) from None
        _expand_home(given)
        command.check(given, positional)
        backend.require_tensorflow()
        if getattr(command, 'NEEDS_TENSORFLOW', True):
            _import_tensorflow()
        return command.main(given, positional)
    except BrokenPipeError:
        raise
    except Exception as error:
        message = _mistake(error, given)
        if message is None:
            raise
    print(f'error: {message}', file=sys.stderr)
    return USER_ERROR


def _expand_home(given):
    """Puts the home folder for the `~` of --flag=~/path, which shells leave."""
    for name in given:
        if isinstance(given[name].value, str):
            given[name].value = os.path.expanduser(given[name].value)


def _import_tensorflow():
    """Imports TensorFlow and Keras; Ctrl-C ends the process meanwhile.

    A module that is half imported may make another error of an interrupt, or
    none.
    """
    stderr = os.dup(2)

    def end(*unused):
        os.write(stderr, b'Interrupted.\n')
        os._exit(INTERRUPTED)

    before = signal.getsignal(signal.SIGINT)
    is_main = threading.current_thread() is threading.main_thread()
    is_python = is_main and before is signal.default_int_handler
    if is_python:
        signal.signal(signal.SIGINT, end)
    try:
        with native_stderr_closed():
            import keras  # noqa: F401
            import tensorflow  # noqa: F401
    finally:
        if is_python:
            signal.signal(signal.SIGINT, before)
        os.close(stderr)


def _help(command, given):
    """Returns what a command is for and its flags, a line or two each."""
    lines = [command.__doc__.rstrip(), '']
    defined = given.flags_by_module_dict().values()
    for flag in itertools.chain.from_iterable(defined):
        name = f'--[no]{flag.name}' if flag.boolean else f'--{flag.name}'
        lines += textwrap.wrap(
            f'{name:<23} {flag.help}',
            79,
            subsequent_indent=' ' * 26,
            initial_indent='  ',
        )
    return '\n'.join(lines)


def repeated() -> str:
    """Returns the command line of this process, for a user to repeat."""
    script, *arguments = sys.argv
    start = ['python', script] if script.endswith('.py') else ['kerasadder']
    return shlex.join([*start, *arguments])


def refuse_arguments(arguments: list[str]) -> None:
    """Refuses positional arguments, for a script that takes flags alone."""
    if arguments:
        raise UserError(
            f'{arguments[0]}: takes flags only, as --name=value; see --help.'
        )


def _mistake(error, given):
    """Returns the line to print for an error, None if it is a bug."""
    if isinstance(error, UserError):
        return _with_flags(str(error), given)
    if isinstance(error, OSError) and error.errno is not None:
        return f'{error.filename or "writing"}: {error.strerror}'
    # TensorFlow has errors of its own, TFDS raises others from them; the system
    # speaks in their first line: "<file>; No space left on device".
    for text in (str(error), str(error.__cause__)):
        said = re.search(
            rf'(\S+)(?:;| is) ({_SYSTEM_ERRORS})\b',
            text.partition('\n')[0],
            re.IGNORECASE,
        )
        if said:
            return f'{said[1]}: {said[2].capitalize()}'
    return None


def _with_flags(message, given):
    """Says of flags what the library says of fields.

    `seed=-1` and "`seed`" become `--seed=-1` and `--seed`.
    """
    names = '|'.join(given) or '$.'  # which matches nothing
    return re.sub(
        rf'(?<![\w/.-])({names})(?==)|`({names})`',
        lambda match: f'--{match[1] or match[2]}',
        message,
    )


@contextlib.contextmanager
def native_stderr_closed() -> Iterator[None]:
    """Silences what C libraries write to the descriptor, past Python.

    TensorFlow writes at its import, before any log level counts, and libjpeg
    whenever a picture is damaged.
    """
    stderr = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(null)
