"""The log of a run on disk: ``progress.jsonl`` for programs, ``log.txt`` for people.

One process writes; any number of others read while it does.
"""

import contextlib
import logging
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from mile_desktop.learning.progress import (
    AnyRunEvent,
    Compared,
    Failed,
    Finished,
    Progress,
    RunEvent,
    Trained,
    Warned,
)
from mile_desktop.storage.errors import translated

EVENT_FILE = "progress.jsonl"
TEXT_FILE = "log.txt"

_decoder = msgspec.json.Decoder(AnyRunEvent)
_logger = logging.getLogger(__name__)


class RunLog:
    """Appends events to a run's folder. Each is a whole line that readers see at once.

    Parameters
    ----------
    folder : Path
        ``runs/<id>``; made where it is missing. A log that ends in half a line, because its writer was killed, gets
        the line ended first.

    Raises ``WorkspaceError`` where the disk is full or cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with translated(folder):
            self._open(folder)

    def _open(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / EVENT_FILE
        torn = path.exists() and not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
        # Buffered by lines: a reader sees whole lines as soon as they are written.
        self._events = path.open("a", encoding="utf-8", buffering=1)
        # Appended: a resumed run continues its log.
        self._text = (folder / TEXT_FILE).open("a", encoding="utf-8", buffering=1)
        # A writer that was killed left half a line; ended here, it is one unreadable line and not two.
        if torn:
            self._events.write("\n")

    def event(self, event: RunEvent) -> None:
        """Append ``event``, and what it says to the text."""
        with translated(self._folder):
            self._events.write(msgspec.json.encode(event).decode() + "\n")
            words = _words(event)
            if words:
                self._text.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} {words}\n")

    def close(self) -> None:
        """Close both files; a second call does nothing."""
        for file in (self._events, self._text):
            # what a full disk has not taken is written again here; the error was shown by ``event``
            with contextlib.suppress(OSError):
                file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _words(event: RunEvent) -> str:
    words = f"{type(event).__name__}."
    match event:
        case Progress(text=text, losses=losses):
            figures = ", ".join(f"{name} {value:.4g}" for name, value in losses.items())
            words = f"{text} ({figures})" if figures else text
        case Warned(text=text):
            words = f"Warning: {text}"
        case Trained(policy=policy, loss=loss):
            words = f"Policy {policy} is trained, loss {loss:.4g}."
        case Compared(suggestion=suggestion, reason=reason):
            words = f"Suggestion: {suggestion}. {reason}"
        case Finished(policy=policy):
            words = f"Finished with policy {policy}."
        case Failed(text=text):
            words = f"Failed: {text}"
    return words


def read_events(path: Path, offset: int = 0) -> tuple[list[AnyRunEvent], int]:
    """Read the whole lines of a ``progress.jsonl`` from byte ``offset`` on.

    Returns
    -------
    list of RunEvent, int
        The events, and the offset for the next call: where the last whole line ends, so that a line which is being
        written is read next time. A file that is not there yet has no events. Lines that are no events (torn by a
        kill, or of a newer version) are logged and left out.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return [], offset
    # An unfinished last line is left for the next call.
    whole = data[: data.rfind(b"\n") + 1]
    events = [event for line in whole.splitlines() if line and (event := _decode(path, line)) is not None]
    return events, offset + len(whole)


def _decode(path: Path, line: bytes) -> AnyRunEvent | None:
    try:
        event: AnyRunEvent = _decoder.decode(line)
    # A newer version may write events that this one does not know; the rest of the log is still of use.
    except (msgspec.DecodeError, UnicodeDecodeError):
        _logger.warning("%s holds a line that is not an event: %r", path, line[:80])
        return None
    return event
