"""Ids that sort by the time of their creation and are valid file names."""

import re
import secrets
import threading
import time
from datetime import UTC, datetime, timedelta

from mile_desktop.errors import UserError

# No leading dot or dash: a hidden file, or an option on a command line.
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_lock = threading.Lock()
_last_us = 0


def new_episode_id() -> str:
    """Return a new episode id; within one process later ids sort after earlier ones, even if the clock is set back."""
    return new_id("ep")


def new_id(prefix: str) -> str:
    """Return ``<prefix>-<UTC date>-<time>-<microseconds>-<random>``, e.g. ``run-20260301-142501-000317-9f3c``.

    Raises ``ValueError`` for a prefix that is no file name. May be called from any thread.
    """
    # Added to the epoch as whole microseconds: a float could round the last digit.
    stamp = (_EPOCH + timedelta(microseconds=_next_us())).strftime("%Y%m%d-%H%M%S-%f")
    # Two processes can make an id in the same microsecond. The random part keeps them apart.
    return checked_id(f"{prefix}-{stamp}-{secrets.token_hex(2)}")


class InvalidIdError(UserError, ValueError):
    """The text cannot be an id, because it could not be the name of a file or folder."""


def checked_id(identity: str) -> str:
    """Return ``identity``, or raise ``InvalidIdError`` if it is not a valid name of a file or folder."""
    if _SAFE.fullmatch(identity) is None:
        raise InvalidIdError(f"{identity!r} is not an id: expected letters, digits, dots, dashes and underscores only")
    return identity


def now() -> str:
    """Return the time as the workspace writes it: UTC, ISO 8601, microseconds."""
    return datetime.now(UTC).isoformat()


def _next_us() -> int:
    global _last_us  # noqa: PLW0603 - one order for the whole process
    with _lock:
        # One more than the last, even if the clock was set back: ids must sort by their creation.
        _last_us = max(time.time_ns() // 1000, _last_us + 1)
        return _last_us
