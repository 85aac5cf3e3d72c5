"""Messages between window and capture process.

Pictures go through ``channels.shared.FrameRing`` and not through these messages.
"""

from enum import StrEnum

from mile_desktop.cameras.settings import CameraSettings
from mile_desktop.channels.messages import Message, Shutdown


class CameraState(StrEnum):
    """State of a camera."""

    CONNECTING = "connecting"
    LIVE = "live"
    LOST = "lost"
    """It cannot be reached or has stopped sending; it is tried again."""
    ENDED = "ended"
    """A video has been played once, to its end."""
    OFF = "off"
    """Its process is not running."""


# ── commands: window → capture process ───────────────────────────────────────────────────────────────────────────


class Configure(Message, frozen=True):
    """Capture with these settings from now on."""

    settings: CameraSettings


class StartRecording(Message, frozen=True):
    """Record a video: pictures from now on, and kept ones that were taken after ``since``."""

    path: str
    """Of the MP4 file; the times go into a table beside it."""
    since: float
    """``time.monotonic()``, s."""


class StopRecording(Message, frozen=True):
    """Finish the video."""


# ── events: capture process → window ─────────────────────────────────────────────────────────────────────────────


class CameraStatus(Message, frozen=True):
    """One consistent snapshot; newest wins."""

    state: CameraState
    text: str = ""
    """The reason in one sentence; empty if there is none."""
    retry_in_s: float = 0.0
    width: int = 0
    height: int = 0
    rate_hz: float = 0.0
    latency_ms: float = 0.0
    """From taken (or arrived) to passed on, over the last two seconds."""
    dropped: int = 0
    damaged: int = 0
    reconnects: int = 0
    unchanged_s: float = 0.0
    """Time for which the same picture has arrived again and again."""
    recording: str = ""
    """File that is being written."""
    recorded: int = 0
    """Pictures in it."""
    unrecorded: int = 0
    """Pictures that were not recorded, because the recorder was too slow."""


class CameraNote(Message, frozen=True):
    """One sentence for the message line."""

    level: str
    """``info``, ``warning`` or ``error``."""
    text: str


Command = Configure | StartRecording | StopRecording | Shutdown
Event = CameraStatus | CameraNote
