from kerasadder.errors import Diverged
from kerasadder.errors import first_line


def test_first_line_of_an_error_is_quoted():
    assert first_line(ValueError('what\nand where')) == 'what'


def test_error_without_a_message_is_quoted_by_its_name():
    assert first_line(KeyError()) == 'KeyError'


def test_diverged_run_is_told_its_step_and_what_to_try():
    message = str(Diverged('the loss is nan', 7))
    assert message.startswith('the loss is nan at step 7: ')
    assert '`learning_rate`' in message
