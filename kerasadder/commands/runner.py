"""What the commands have in common: quiet, and one line for a mistake."""

import contextlib
import errno
import itertools
import os
import re
import shlex
import signal
import sys
import textwrap

from absl import app
from absl import flags
from absl import logging

from kerasadder.errors import UserError

USER_ERROR = 2  # exit status
_SYSTEM_ERRORS = '|'.join(
    re.escape(os.strerror(number)) for number in errno.errorcode
)


def run(command, argv=None):
    """Runs a command: flags first, then TensorFlow, then its `main`.

    A mistake of the user's ends in one line on stderr and exit status 2; one in
    the flags before TensorFlow, which takes seconds, is even imported. Commands
    therefore import what needs TensorFlow inside their `main`.

    Args:
        command: A module such as those of `kerasadder.commands`. It has
            `check`, called with the positional arguments once the flags are
            parsed, which raises
            `UserError` if something does not go together; `main`, called with
            them afterwards, whose result is the exit status; and, if it does
            without TensorFlow, `NEEDS_TENSORFLOW = False`.
        argv: Name and arguments; None for those of the process.
    """

    def parse(argv):
        with _one_line_for_mistakes():
            if set(argv[1:]) & {'--help', '-help', '-h'}:
                print(_help(command), flush=True)
                sys.exit()
            try:
                arguments = flags.FLAGS(argv)
            except flags.Error as error:
                raise UserError(error) from None
            command.check(arguments[1:])
        return arguments

    def call_main(argv):
        logging.set_verbosity(logging.ERROR)
        with _one_line_for_mistakes():
            if getattr(command, 'NEEDS_TENSORFLOW', True):
                with native_stderr_closed():
                    import tensorflow  # noqa: F401
            return command.main(argv[1:])

    app.run(call_main, argv, flags_parser=parse)


def _help(command):
    """Returns what a command is for and its flags, a line or two each."""
    lines = [command.__doc__.rstrip(), '']
    defined = flags.FLAGS.flags_by_module_dict()
    ours = (module for module in defined if not module.startswith('absl.'))
    for flag in itertools.chain.from_iterable(map(defined.get, ours)):
        name = f'--[no]{flag.name}' if flag.boolean else f'--{flag.name}'
        lines += textwrap.wrap(
            f'{name:<23} {flag.help}',
            79,
            subsequent_indent=' ' * 26,
            initial_indent='  ',
        )
    return '\n'.join(lines)


def repeated():
    """Returns the command line of this process, for a user to repeat."""
    script, *arguments = sys.argv
    start = ['python', script] if script.endswith('.py') else ['kerasadder']
    return shlex.join([*start, *arguments])


def refuse_arguments(arguments):
    """Refuses positional arguments, for a script that takes flags alone."""
    if arguments:
        raise UserError(
            f'{arguments[0]}: takes flags only, as --name=value; see --help.'
        )


@contextlib.contextmanager
def _one_line_for_mistakes():
    try:
        yield
    except UserError as error:
        message = str(error)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except Exception as error:
        message = _file_error(error)
        if message is None:
            raise
    else:
        return
    print(f'error: {message}', file=sys.stderr)
    sys.exit(USER_ERROR)


def _file_error(error):
    """Returns what the operating system said of a file, None if nothing."""
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


@contextlib.contextmanager
def native_stderr_closed():
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
