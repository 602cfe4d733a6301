"""The exceptions that are not bugs, and how to quote others."""


class UserError(ValueError):
    """Something the user can put right, said in one line.

    The scripts print it without a traceback and exit with status 2.
    """


class Diverged(UserError):
    """Training whose numbers are none any more."""

    def __init__(self, what: str, step: int):
        super().__init__(
            f'{what} at step {step}: training has diverged, and the last '
            'checkpoint is from before. Try a lower `learning_rate` in a new '
            '`model_dir`.'
        )


def first_line(error: Exception) -> str:
    """Returns what an exception says, or its name where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
