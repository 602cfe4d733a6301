"""The one exception that is not a bug."""


class UserError(ValueError):
    """Something the user can put right, said in one line.

    The scripts print it without a traceback and exit with status 2.
    """
