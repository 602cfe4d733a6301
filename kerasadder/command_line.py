"""What the scripts have in common: quiet, and one line for a mistake."""

import contextlib
import errno
import os
import sys

from absl import app
from absl import flags
from absl import logging

from kerasadder.errors import UserError

USER_ERROR = 2  # exit status


def run(main, check, tensorflow=True):
    """Runs a script: flags first, then TensorFlow, then `main`.

    A mistake of the user's ends in one line on stderr and exit status 2; one in
    the flags before TensorFlow, which takes seconds, is even imported. Scripts
    therefore import what needs TensorFlow inside their `main`.

    Args:
        main: Called with the positional arguments; its result is the exit
            status.
        check: Called with the positional arguments once the flags are parsed;
            raises `UserError` if something does not go together.
        tensorflow: Whether to import TensorFlow before `main`.
    """

    def parse(argv):
        with _one_line_for_mistakes():
            try:
                arguments = flags.FLAGS(argv)
            except flags.Error as error:
                raise UserError(error) from None
            check(arguments[1:])
        return arguments

    def call_main(argv):
        logging.set_verbosity(logging.ERROR)
        with _one_line_for_mistakes():
            if tensorflow:
                import_tensorflow()
            return main(argv[1:])

    app.run(call_main, flags_parser=parse)


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
    # speaks at the end of their first line: "<file>; No space left on device".
    for text in (str(error), str(error.__cause__)):
        file, _, reason = text.partition('\n')[0].rpartition('; ')
        if reason in map(os.strerror, errno.errorcode):
            return f'{file.rpartition(" ")[2]}: {reason}'
    return None


def import_tensorflow():
    """Imports TensorFlow without the lines that no setting of its silences.

    It logs to the file descriptor itself, before any log level counts.
    """
    stderr = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        import tensorflow  # noqa: F401
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(null)
