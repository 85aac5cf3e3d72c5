"""Messages between window and capture process.

Pictures do not travel here but through ``channels.shared.FrameRing``.
"""

from enum import StrEnum

from mile_desktop.cameras.settings import CameraSettings
from mile_desktop.channels.messages import Message, Shutdown


class CameraState(StrEnum):
    """How a camera is doing."""

    CONNECTING = "connecting"
    LIVE = "live"
    LOST = "lost"
    """It cannot be reached or has stopped sending; it is tried again."""
    ENDED = "ended"
    """A video that is played once has come to its end."""
    OFF = "off"
    """Its process is not running."""


# ── commands: window → capture process ───────────────────────────────────────────────────────────────────────────


class Configure(Message, frozen=True):
    """Capture like this from now on."""

    settings: CameraSettings


class StartRecording(Message, frozen=True):
    """Keep what comes from now on, and what is still there since ``since``, as a video."""

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
    """Why, in one sentence, where there is something to say."""
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
    """For how long the same picture has been coming."""
    recording: str = ""
    """File that is being written."""
    recorded: int = 0
    """Pictures in it."""
    unrecorded: int = 0
    """Pictures that the recorder had no time for."""


class CameraNote(Message, frozen=True):
    """One sentence for the message line."""

    level: str
    """``info``, ``warning`` or ``error``."""
    text: str


Command = Configure | StartRecording | StopRecording | Shutdown
Event = CameraStatus | CameraNote
