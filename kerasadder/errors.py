"""The one exception that is not a bug, and how to quote others."""


class UserError(ValueError):
    """Something the user can put right, said in one line.

    The scripts print it without a traceback and exit with status 2.
    """


def first_line(error):
    """Returns what an exception says, or its name where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
