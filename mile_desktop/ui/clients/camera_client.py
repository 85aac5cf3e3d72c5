"""The window's side of one capture process: pictures and figures in, settings and recordings out."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

from PySide6.QtCore import QObject, QTimer, Signal

from mile_desktop.cameras import messages as c
from mile_desktop.cameras.backoff import Backoff
from mile_desktop.cameras.settings import CameraSettings
from mile_desktop.cameras.transform import LARGEST
from mile_desktop.channels.process import ChildProcess
from mile_desktop.channels.shared import FrameRing
from mile_desktop.channels.watched_thread import WatchedThread
from mile_desktop.ui.clients.child_client import ChildClient, Excused

_GOODBYE_S = 2.0
_OFF = c.CameraStatus(state=c.CameraState.OFF)


class CameraClient(ChildClient):
    """Owns one capture process and the shared memory of its pictures.

    The memory outlives the process: a new one continues in it, so the rollout worker, which watches the age of the
    pictures there, needs no new connection. A process that ends by itself is started again after a waiting time that
    doubles; other cameras are not affected.

    Parameters
    ----------
    settings
        The camera.
    target
        Importable entry point, called in the process as ``target(connection, ring_name, settings)``.
    """

    frame_ready = Signal(object)
    """The newest ``channels.shared.Frame``, at most once per poll, while ``watched``."""
    status_changed = Signal(object)
    """``CameraStatus``."""
    note = Signal(object)
    """``CameraNote``."""

    repeated: ClassVar[tuple[type, ...]] = (c.Configure, c.StartRecording)
    silence_s: ClassVar[float] = 4.0
    excused: ClassVar[Excused] = "waiting"
    loading_s: ClassVar[float] = 60.0
    """Until the first status. The process then reports itself when its source hangs (``cameras.process.STUCK_S``)."""

    def __init__(
        self,
        settings: CameraSettings,
        target: Callable[..., None],
        parent: QObject | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent, clock=clock)
        self.settings = settings
        self.status = _OFF
        """The newest snapshot."""
        self.watched = True
        """Whether the pictures are visible; otherwise they are not copied."""
        self._target = target
        # As large as any picture can become: the size changes with the settings, the memory cannot.
        self._ring = FrameRing.create(*LARGEST)
        self._seen = 0
        self._spoke = False
        self._backoff = Backoff()
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.timeout.connect(self.restart)
        # A capture process that hangs is replaced without a question, because no recorded data depends on it.
        self.silent.connect(self._restart_frozen)

    @property
    def ring_name(self) -> str:
        """Name of the shared memory with the pictures."""
        return self._ring.name

    def start(self) -> None:
        """Start the process."""
        self._spoke = False
        self._loading_since = self._clock()
        self.status = c.CameraStatus(state=c.CameraState.CONNECTING)
        super().start()

    def configure(self, settings: CameraSettings) -> None:
        """Capture with these settings from now on."""
        self.settings = settings
        self.send(c.Configure(settings=settings))

    def start_recording(self, path: str, since: float) -> None:
        """Record a video from the moment ``since`` (``time.monotonic()``, s) until ``stop_recording``."""
        self.send(c.StartRecording(path=path, since=since))

    def stop_recording(self) -> None:
        """Finish the video."""
        # Otherwise a restarted process would begin a video for an episode that has ended.
        self._standing.pop(c.StartRecording, None)
        self.send(c.StopRecording())

    def age_s(self) -> float | None:
        """Return the age of the newest picture in s; None before the first."""
        newest = self._ring.newest()
        return None if newest is None else max(0.0, self._clock() - newest[1])

    @property
    def pictures(self) -> int:
        """Number of pictures since this camera was added."""
        newest = self._ring.newest()
        return 0 if newest is None else newest[0]

    @property
    def stale(self) -> bool:
        """Whether the newest picture is older than the settings allow, or there is none."""
        age_s = self.age_s()
        return age_s is None or age_s > self.settings.stale_after_s

    def close(self, timeout_s: float = _GOODBYE_S) -> None:
        """End the process and free the shared memory; nothing runs when this returns."""
        self.retire(timeout_s).join()

    def retire(self, timeout_s: float = _GOODBYE_S) -> WatchedThread:
        """Ask the process to end; return the thread that waits for its end and then frees the memory.

        A capture process may hang in a network driver for seconds; the window must not wait for it.
        """
        # First of all: a restart after this would leave a process without an owner.
        self._again.stop()
        self._timer.stop()
        self._closed = True
        self.status = _OFF
        child, self._child = self._child, None
        if child is not None:
            self._say_goodbye(child)
        thread = WatchedThread(partial(self._end, child, timeout_s), "retiring camera")
        thread.start()
        return thread

    def _end(self, child: ChildProcess[Any] | None, timeout_s: float) -> None:
        # A process that is being restarted still writes to the memory that is freed below.
        if self._retiring is not None:
            self._retiring.join()
        try:
            if child is not None:
                child.stop(timeout_s)
        finally:
            # Also if the process could not be ended: it keeps its own view of the memory, and the window frees its own.
            self._ring.close()

    def poll(self) -> None:
        """Read messages and, while ``watched``, the newest picture; called by the timer."""
        super().poll()
        # Not copied while hidden: a picture can have several megabytes.
        frame = self._ring.read(self._seen) if self.watched else None
        if frame is not None:
            self._seen = frame.sequence
            self.frame_ready.emit(frame)

    def _make_child(self) -> ChildProcess[Any]:
        name = f"camera {self.settings.name}"
        return ChildProcess(name, self._target, (self._ring.name, self.settings), event_type=c.Event)

    def _receive(self, events: Sequence[Any]) -> None:
        for event in events:
            if isinstance(event, c.CameraStatus):
                # Only a live picture counts as success. A process that starts and finds no camera must wait longer each
                # time.
                if event.state is c.CameraState.LIVE:
                    self._backoff.reset()
                self.status = event
                self._spoke = True
                self.status_changed.emit(event)
            else:
                self.note.emit(event)

    def _should_speak(self) -> bool:
        return self._spoke  # until then it imports, which takes seconds on a busy machine

    def _ended(self, reason: str) -> None:
        wait_s = self._backoff.next_s()
        self.status = c.CameraStatus(state=c.CameraState.OFF, text=reason, retry_in_s=wait_s)
        self.status_changed.emit(self.status)
        self.died.emit(reason)
        self._again.start(round(1000 * wait_s))

    def _restart_frozen(self, reason: str) -> None:
        self.note.emit(c.CameraNote(level="warning", text=f"{reason} It is restarted."))
        self.restart()
