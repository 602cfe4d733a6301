"""Opens a page to draw on: draw a digit, see digit and sum.

Only this machine can open the page, unless you set --host. The page needs no
network. Ctrl-C ends it.
"""

import importlib.util

from absl import flags

from kerasadder.commands import runner
from kerasadder.commands import shared_flags
from kerasadder.errors import UserError
from kerasadder.serving import client


def define_flags(given: flags.FlagValues) -> None:
    shared_flags.define_saved_model_flag(given)
    flags.DEFINE_string(
        'address',
        None,
        'Ask a TensorFlow Serving instead: host:port of its REST.',
        flag_values=given,
    )
    flags.DEFINE_string(
        'host',
        '127.0.0.1',
        'Where to listen; 0.0.0.0 is open to the network.',
        flag_values=given,
    )
    flags.DEFINE_integer(
        'port',
        7860,
        'Where to listen; 0 takes a free one.',
        0,
        65535,
        flag_values=given,
    )


def main(given: flags.FlagValues, unused_arguments: list[str]) -> int | None:
    from kerasadder.demo import answers
    from kerasadder.demo import page
    from kerasadder.serving import model_files

    # Before the model, which takes seconds to load.
    with answers.listen(given.host, given.port) as listener:
        if given.address:
            classify = client.Client(given.address).classify
        else:
            classify = model_files.load_classifier(given.saved_model)
        try:
            page.serve(classify, listener)
        except KeyboardInterrupt:  # which is how a user ends it
            return runner.INTERRUPTED


def check(given: flags.FlagValues, arguments: list[str]) -> None:
    runner.refuse_arguments(arguments)
    if given.address is not None:
        if given['saved_model'].present:
            raise UserError('--address and --saved_model: give one of them.')
        client.check_address(given.address)
    if importlib.util.find_spec('nicegui') is None:
        raise UserError(
            'nicegui is not installed: pip install nicegui requests'
        )
