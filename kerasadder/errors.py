"""Defines the errors that users can correct, and shortens other errors."""

import re


class UserError(ValueError):
    """Reports a mistake that the user can correct; the message is one line.

    The commands print the message without a traceback and exit with status 2.
    """


class Diverged(UserError):
    """Reports that the loss or the weights of a training are not finite.

    Args:
        what: What was not finite, for example 'the loss is nan'.
        step: The training step at which it was found.
    """

    def __init__(self, what: str, step: int):
        super().__init__(
            f'{what} at step {step}: training has diverged, and the last '
            'checkpoint is from before. Try a lower `learning_rate` in a new '
            '`model_dir`.'
        )


def first_line(error: Exception) -> str:
    """Returns the first line of an error's message.

    If the message is empty, the function returns the name of the error's class.
    """
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def tensorflow_reason(error: Exception) -> str:
    """Returns the line of a TensorFlow error that gives the reason.

    TensorFlow surrounds the message of a failed assertion, or of a decoder of
    pictures, with lines about the graph.
    """
    said = re.search(r'assertion failed: \[(.*)\]', str(error))
    if said:
        return said[1]
    lines = re.sub(
        r'(?m)^(Graph execution error:|Detected at .*|<stack.*|\t.*)$',
        '',
        str(error),
    )
    return first_line(ValueError(lines))
