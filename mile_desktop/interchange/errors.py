"""Errors of exports and imports."""

from mile_desktop.errors import UserError


class InterchangeError(UserError, ValueError):
    """A data set cannot be written or read; the message says what was found and what to do."""


class DifferenceError(InterchangeError):
    """The data set differs from the scene in something that a person may accept.

    Parameters
    ----------
    difference
        What to accept: ``names``, ``rate`` or ``skip-broken``.
    finding
        What was found, without the remedy.
    remedy
        How to accept it on the command line.
    """

    def __init__(self, difference: str, finding: str, remedy: str) -> None:
        super().__init__(f"{finding} {remedy}")
        self.difference = difference
        self.finding = finding


class TargetTakenError(InterchangeError):
    """There is something at the target of an export that must not be replaced."""


class InterchangeCancelledError(Exception):
    """The person cancelled an export or an import."""
