"""Errors of exports and imports."""

from mile_desktop.errors import UserError


class InterchangeError(UserError, ValueError):
    """A data set cannot be written or read; the message says what was found and what to do."""


class TargetTakenError(InterchangeError):
    """There is something at the target of an export that must not be replaced."""


class InterchangeCancelledError(Exception):
    """The person cancelled an export or an import."""
