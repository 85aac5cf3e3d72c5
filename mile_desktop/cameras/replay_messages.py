"""Messages between window and replay process; frames go through ``channels.shared.FrameRing``."""

from mile_desktop.channels.messages import Message, Shutdown


class OpenVideos(Message, frozen=True):
    """Show these videos from now on, the first in the first ring; none: show none. Answered by ``VideosOpened``."""

    paths: tuple[str, ...] = ()
    number: int = 0
    """Returned as ``Frame.flags``, so that pictures of the videos before can be told apart."""


class ShowMoment(Message, frozen=True):
    """Show the pictures that were newest at ``timestamp`` (``time.monotonic()`` of the recording, s)."""

    timestamp: float
    row: int
    """Returned as ``Frame.step``."""


class VideosOpened(Message, frozen=True):
    """The videos that can be played, in the order of their rings."""

    names: tuple[str, ...]


class ReplayNote(Message, frozen=True):
    """Why a video cannot be shown, in one sentence."""

    text: str


Command = OpenVideos | ShowMoment | Shutdown
Event = VideosOpened | ReplayNote
