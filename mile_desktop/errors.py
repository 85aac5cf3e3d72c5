"""The base of every error that is a sentence for people.

An error of this family says what was found, what was expected and what to do. The edges (window, command line, worker)
catch ``UserError`` and show its text. Every other exception is a fault of the program and keeps its traceback.
"""


class UserError(Exception):
    """Something a person can understand and act on; ``str(error)`` is one or two plain sentences."""


class Interruption(BaseException):
    """SIGINT or SIGTERM has arrived, and the command ends; see ``commands.command.interrupted_by_signals``.

    No ``KeyboardInterrupt``: the networks of scikit-learn take that as a wish to end this one training early, and the
    command would go on with the next one. No ``Exception``, so that nothing on the way handles it as an error.
    """
