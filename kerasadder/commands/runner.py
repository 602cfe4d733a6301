"""What the commands have in common: quiet, and one line for a mistake.

The help is ours, because absl prints two lines or more for each flag and takes
the flags of the main module only.
"""

import contextlib
import errno
import itertools
import os
import re
import shlex
import signal
import sys
import textwrap
import types
from collections.abc import Iterator

from absl import flags
from absl import logging

from kerasadder import backend
from kerasadder.errors import UserError

USER_ERROR = 2  # exit status
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
        command.check(given, positional)
        backend.require_tensorflow()
        if getattr(command, 'NEEDS_TENSORFLOW', True):
            with native_stderr_closed():
                import tensorflow  # noqa: F401
        return command.main(given, positional) or 0
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as error:
        message = _mistake(error, given)
        if message is None:
            raise
    print(f'error: {message}', file=sys.stderr)
    return USER_ERROR


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
    """Keeps quiet what C libraries say past Python, on the descriptor itself.

    TensorFlow does so at import before any log level counts, libjpeg whenever a
    picture is damaged.
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
