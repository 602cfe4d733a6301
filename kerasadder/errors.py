"""Holds the exceptions that are not bugs, and quotes others."""

import re


class UserError(ValueError):
    """A mistake that the user can put right, said in one line.

    The scripts print it without a traceback and exit with status 2.
    """


class Diverged(UserError):
    """Training whose loss or weights are no longer finite numbers."""

    def __init__(self, what: str, step: int):
        super().__init__(
            f'{what} at step {step}: training has diverged, and the last '
            'checkpoint is from before. Try a lower `learning_rate` in a new '
            '`model_dir`.'
        )


def first_line(error: Exception) -> str:
    """Returns the first line of an exception, or its name if it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def tensorflow_reason(error: Exception) -> str:
    """Returns what an assertion or a decoder said, out of TensorFlow's many."""
    said = re.search(r'assertion failed: \[(.*)\]', str(error))
    if said:
        return said[1]
    lines = re.sub(
        r'(?m)^(Graph execution error:|Detected at .*|<stack.*|\t.*)$',
        '',
        str(error),
    )
    return first_line(ValueError(lines))
