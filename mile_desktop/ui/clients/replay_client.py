"""The window's side of the video replay process: moments out, recorded pictures in."""

import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import msgspec
from PySide6.QtCore import QObject, Signal

from mile_desktop.cameras import replay_messages as r
from mile_desktop.cameras.transform import LARGEST
from mile_desktop.channels.process import ChildProcess
from mile_desktop.channels.shared import FrameRing
from mile_desktop.ui.clients.child_client import ChildClient, Excused

_VIDEOS = 6
"""Largest number of videos of one episode that are shown."""


class ReplayClient(ChildClient):
    """Owns the replay process and the shared memory of its pictures.

    Parameters
    ----------
    target
        Importable entry point, called in the process as ``target(connection, ring_names)``.
    """

    frame_ready = Signal(int, object)
    """Number of the video, as in ``opened``, and its ``Frame``."""
    opened = Signal(object)
    """``VideosOpened``."""
    note = Signal(object)
    """``ReplayNote``."""

    repeated: ClassVar[tuple[type, ...]] = (r.OpenVideos, r.ShowMoment)
    loading_s: ClassVar[float] = 30.0
    excused: ClassVar[Excused] = "waiting"

    def __init__(
        self,
        target: Callable[..., None],
        parent: QObject | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent, clock=clock)
        self._target = target
        # All at once: the process gets their names when it starts.
        self._rings = tuple(FrameRing.create(*LARGEST) for _ in range(_VIDEOS))
        self._seen = [0] * _VIDEOS
        # Nothing that was recorded depends on it, so one that hangs is replaced without a question.
        self.silent.connect(self._restart_frozen)

    def send(self, command: msgspec.Struct) -> bool:
        """Queue ``command``; see ``ChildClient.send``."""
        if isinstance(command, r.OpenVideos):
            self._loading_since = self._clock()  # until ``VideosOpened`` answers
        return super().send(command)

    def close(self, timeout_s: float = 2.0) -> None:
        """End the process and free the shared memory."""
        super().close(timeout_s)
        for ring in self._rings:
            ring.close()

    def poll(self) -> None:
        """Read messages and the newest pictures; called by the timer."""
        super().poll()
        for index, ring in enumerate(self._rings):
            frame = ring.read(self._seen[index])
            if frame is not None:
                self._seen[index] = frame.sequence
                self.frame_ready.emit(index, frame)

    def _make_child(self) -> ChildProcess[Any]:
        names = tuple(ring.name for ring in self._rings)
        return ChildProcess("video replay", self._target, (names,), event_type=r.Event)

    def _receive(self, events: Sequence[Any]) -> None:
        for event in events:
            if isinstance(event, r.VideosOpened):
                self._loading_since = None
            (self.opened if isinstance(event, r.VideosOpened) else self.note).emit(event)

    def _should_speak(self) -> bool:
        return False  # it sends messages only when other videos are opened

    def _restart_frozen(self, reason: str) -> None:
        self.note.emit(r.ReplayNote(text=f"{reason} It is restarted."))
        self.restart()
