"""The commands: what `kerasadder` and the scripts run, a module each.

train, evaluate, figures, predict, demo, export, query: each has `main` and
    `check`, which the runner calls.
runner: `run` parses the flags, imports TensorFlow and calls a command;
    `guarded` gives it the manners of a shell's tools.
pictures: `read_picture` and `answer_line`, for the commands about pictures.
config_flags: `config_from_flags` makes the configuration of the flags given.
shared_flags: `define_saved_model_flag` and others that several commands have.
"""

import importlib
import sys
from importlib import metadata

from kerasadder import __version__
from kerasadder.commands import runner

COMMANDS = {
    'train': 'train a model and export it',
    'evaluate': 'evaluate a model on the test images',
    'figures': 'draw the figures of a finished run',
    'predict': 'say digit and sum of pictures',
    'demo': 'open a page to draw digits on',
    'export': 'export a trained .keras file as a SavedModel, ONNX or LiteRT',
    'query': 'ask a TensorFlow Serving about pictures',
}


def main() -> int:
    """Runs `kerasadder COMMAND ...`; returns the exit status."""
    return runner.guarded(_main)


def _main():
    name = sys.argv[1] if len(sys.argv) > 1 else None
    if name in COMMANDS:
        command = importlib.import_module(f'{__name__}.{name}')
        return runner.run(command, sys.argv[2:])
    elif name in ('--help', '-h'):
        print(
            'usage: kerasadder COMMAND | --version; COMMAND --help says more\n'
        )
        for command, what in COMMANDS.items():
            print(f'  {command:<12}{what}')
    elif name == '--version':
        print(f'kerasadder {__version__}')
        # Importing them would take seconds.
        for library in ('tensorflow', 'keras'):
            print(library, metadata.version(library))
    else:
        given = name or 'no command'
        print(
            f'error: {given}: must be one of {", ".join(COMMANDS)}.',
            file=sys.stderr,
        )
        return runner.USER_ERROR
    return 0
