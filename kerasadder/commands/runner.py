"""What the commands have in common: quiet, and one line for a mistake."""

import contextlib
import errno
import itertools
import json
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
from kerasadder.task import NUM_NUMBERS

USER_ERROR = 2  # exit status
MAX_BYTES = 100_000_000  # of a picture
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


def read_picture(path):
    """Reads the bytes of a picture.

    Args:
        path: Its file, `-` for standard input.

    Raises:
        OSError: If it cannot be read, or has more than `MAX_BYTES`.
    """
    with contextlib.ExitStack() as stack:
        file = sys.stdin.buffer
        if path != '-':
            file = stack.enter_context(open(path, 'rb'))
        picture = file.read(MAX_BYTES + 1)
    if len(picture) > MAX_BYTES:
        raise OSError(errno.EFBIG, f'has more than {MAX_BYTES} bytes', path)
    return picture


def answer_line(picture, number, answer, as_json):
    """Returns the line to print of one picture's answer.

    Args:
        picture: What to call it.
        number: The number that was added.
        answer: A dict of `digit` `(10,)`, `sum` `(19,)`, `digit_label` and
            `sum_label`: one example of what `classify_bytes` answers.
        as_json: Whether as a JSON object, with both distributions.
    """
    digit, total = int(answer['digit_label']), int(answer['sum_label'])
    if as_json:
        return json.dumps(
            {
                'picture': str(picture),
                'number': number,
                'digit': digit,
                'sum': total,
                'digit_probabilities': answer['digit'].tolist(),
                'sum_probabilities': answer['sum'].tolist(),
            }
        )
    return (
        f'{picture}: {digit} + {number} = {total}  '
        f'(digit {100 * answer["digit"].max():.1f} %, '
        f'sum {100 * answer["sum"].max():.1f} %)'
    )


def define_saved_model_flag():
    """Defines --saved_model, the shipped model by default."""
    return flags.DEFINE_string(
        'saved_model',
        os.path.join('saved_models', 'kerasadder', '1'),
        'Folder of a SavedModel version.',
    )


def define_number_flag():
    """Defines --number."""
    last = NUM_NUMBERS - 1
    return flags.DEFINE_integer(
        'number', None, f'What to add to the digit, 0-{last}.', 0, last
    )


def define_data_dir_flag():
    """Defines --data_dir."""
    return flags.DEFINE_string(
        'data_dir',
        None,
        "TFDS's folder of prepared datasets. [~/tensorflow_datasets]",
    )
