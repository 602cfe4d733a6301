"""Opens a page to draw on: draw a digit, see digit and sum.

The page is for this machine alone, unless --host says otherwise, and needs no
network. Ctrl-C ends it.
"""

import importlib.util

from absl import flags

from kerasadder.commands import runner
from kerasadder.commands import shared_flags
from kerasadder.errors import UserError
from kerasadder.serving import client

_SAVED_MODEL = shared_flags.define_saved_model_flag()
_ADDRESS = flags.DEFINE_string(
    'address', None, 'Ask a TensorFlow Serving instead: host:port of its REST.'
)
_HOST = flags.DEFINE_string(
    'host', '127.0.0.1', 'Where to listen; 0.0.0.0 is open to the network.'
)
_PORT = flags.DEFINE_integer(
    'port', 7860, 'Where to listen; 0 takes a free one.', 0, 65535
)


def main(unused_arguments):
    from kerasadder.demo import answers
    from kerasadder.demo import page
    from kerasadder.serving import model_files

    # Before the model, which takes seconds to load.
    with answers.listen(_HOST.value, _PORT.value) as listener:
        if _ADDRESS.value:
            classify = client.Client(_ADDRESS.value).classify
        else:
            classify = model_files.load_classifier(_SAVED_MODEL.value)
        page.serve(classify, listener)


def check(arguments):
    runner.refuse_arguments(arguments)
    if _ADDRESS.value is not None:
        if _SAVED_MODEL.present:
            raise UserError('--address and --saved_model: give one of them.')
        client.check_address(_ADDRESS.value)
    if importlib.util.find_spec('nicegui') is None:
        raise UserError("nicegui is not installed: pip install -e '.[demo]'")
