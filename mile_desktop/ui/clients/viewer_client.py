"""The window's side of the viewer process: frames in, camera positions out."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import msgspec
from PySide6.QtCore import QObject, Signal, SignalInstance

from mile_desktop.channels.process import ChildProcess
from mile_desktop.channels.shared import Frame, FrameRing, StateSlot
from mile_desktop.ui.clients.child_client import ChildClient, Excused
from mile_desktop.viewer import messages as v

_THUMBNAIL_SIZE = (480, 360)
_MOST_ENDS = 3
_MOST_ENDS_S = 30.0
"""A viewer that ends three times within this time is not started again automatically."""
_FOREIGN_PICTURE_S = 45.0
"""Longest silence while an environment draws itself. Its code decides how long one picture takes: MuJoCo's picture of
a scene at rest, with shadows, took 0.6 s on a busy machine, and several times that where other programs drew, too. A
viewer that is restarted because of it leaves a gap in the episode's video."""


class ViewerClient(ChildClient):
    """Owns the viewer process, and the shared memory for its frames and for the state of the running scene.

    The shared memory outlives the viewer: a new one continues in it, and the rollout worker, which writes the state,
    does not notice. A viewer that ends by itself is started again with a note. If it ended before it was ready, it is
    started without OpenGL, because a broken driver is the usual cause.

    Parameters
    ----------
    target
        Importable entry point, called in the process as
        ``target(connection, frames_name, state_slot_name, thumbnail_names, try_opengl)``.
    max_size
        Largest main view in pixels, width and height.
    thumbnails
        Largest number of small views.
    """

    frame_ready = Signal(object)
    """The newest ``channels.shared.Frame``, at most once per poll."""
    thumbnail_ready = Signal(int, object)
    """Index of the small view and its ``Frame``."""
    ready = Signal(object)
    """``ViewerReady``: the scene is loaded."""
    scene_requested = Signal(str)
    """Another scene was asked for: the pictures of the one before are not valid any more."""
    status_changed = Signal(object)
    """``ViewerStatus``, once a second."""
    note = Signal(object)
    """``ViewerNote``."""
    fault = Signal(object)
    """``ViewerFault``."""

    repeated: ClassVar[tuple[type, ...]] = (
        v.SetSize,
        v.SetPace,
        v.SetBackground,
        v.LoadScene,
        v.UsePreset,
        v.SetView,
        v.SetThumbnails,
        v.ShowState,
    )
    silence_s: ClassVar[float] = 4.0
    excused: ClassVar[Excused] = "waiting"

    def __init__(
        self,
        target: Callable[..., None],
        parent: QObject | None = None,
        *,
        max_size: tuple[int, int] = (1920, 1200),
        thumbnails: int = 3,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent, clock=clock)
        self._target = target
        self._try_opengl = True
        self._is_ready = False
        self._draws_itself = False
        self._must_report = False
        """It was restarted, and the person was told; they are told as well when it draws again."""
        self._ends: deque[float] = deque(maxlen=_MOST_ENDS)
        # Created here and for good: a new viewer process continues in the same memory.
        self._frames = FrameRing.create(*max_size)
        self._states = StateSlot.create()
        self._thumbnails = tuple(FrameRing.create(*_THUMBNAIL_SIZE) for _ in range(thumbnails))
        self._seen = 0
        self._generation = 0
        self._thumbnails_seen = [0] * thumbnails
        self.silent.connect(self._restart_frozen)

    @property
    def state_slot_name(self) -> str:
        """Name of the shared memory into which the rollout worker writes the scene state."""
        return self._states.name

    @property
    def generation(self) -> int:
        """Number of the scene that was asked for last; frames and states of other numbers are of other scenes."""
        return self._generation

    @property
    def thumbnail_count(self) -> int:
        """Largest number of small views."""
        return len(self._thumbnails)

    def send(self, command: msgspec.Struct) -> bool:
        """Queue ``command``; see ``ChildClient.send``."""
        # Two commands that replace each other: only the newer one may be repeated after a restart.
        if isinstance(command, v.FollowLive):
            self._standing.pop(v.ShowState, None)
        elif isinstance(command, v.SetView):
            self._standing.pop(v.UsePreset, None)
        elif isinstance(command, v.UsePreset):
            self._standing.pop(v.SetView, None)
        # Until the new scene is ready, silence is no sign of a frozen process.
        elif isinstance(command, v.LoadScene):
            self._is_ready = False
            self._loading_since = self._clock()
            # A restarted process gets the command with the number that it has: the worker, which knows of no restart,
            # goes on to write states of that number.
            if not command.generation:
                self._generation += 1
                command = msgspec.structs.replace(command, generation=self._generation)
                self.scene_requested.emit(command.scene)
        return super().send(command)

    def start(self) -> None:
        """Start the process."""
        self._is_ready = False
        super().start()

    def close(self, timeout_s: float = 3.0) -> None:
        """End the process and free the shared memory; close the rollout worker first."""
        super().close(timeout_s)
        for block in (self._frames, self._states, *self._thumbnails):
            block.close()

    def poll(self) -> None:
        """Read messages and the newest frames; called by the timer."""
        super().poll()
        self._take_frames()

    def _take_frames(self) -> None:
        frame = self._frames.read(self._seen)
        if frame is not None:
            self._seen = frame.sequence
            if self._is_of_this_scene(frame):
                self.frame_ready.emit(frame)
        for index, ring in enumerate(self._thumbnails):
            small = ring.read(self._thumbnails_seen[index])
            if small is not None:
                self._thumbnails_seen[index] = small.sequence
                if self._is_of_this_scene(small):
                    self.thumbnail_ready.emit(index, small)

    def _is_of_this_scene(self, frame: Frame) -> bool:
        # 0 is a picture of a source that does not count its scenes.
        return frame.generation in {0, self._generation}

    def _make_child(self) -> ChildProcess[Any]:
        names = tuple(ring.name for ring in self._thumbnails)
        arguments = (self._frames.name, self._states.name, names, self._try_opengl)
        return ChildProcess("viewer", self._target, arguments, event_type=v.Event)

    def _receive(self, events: Sequence[Any]) -> None:
        signals: dict[type, SignalInstance] = {
            v.ViewerReady: self.ready,
            v.ViewerStatus: self.status_changed,
            v.ViewerNote: self.note,
            v.ViewerFault: self.fault,
        }
        for event in events:
            if isinstance(event, v.ViewerReady | v.ViewerFault):
                self._loading_since = None
            if isinstance(event, v.ViewerReady):
                self._is_ready = True
                self._draws_itself = event.draws_itself
                self._report_recovery()
            signals[type(event)].emit(event)

    def _should_speak(self) -> bool:
        return self._is_ready

    def _longest_silence_s(self) -> float:
        return _FOREIGN_PICTURE_S if self._draws_itself else self.silence_s

    def _ended(self, reason: str) -> None:
        now = self._clock()
        self._ends.append(now)
        # A driver that fails each time would otherwise restart without end.
        if len(self._ends) == _MOST_ENDS and now - self._ends[0] < _MOST_ENDS_S:
            self.died.emit(
                f"{reason} It ended {_MOST_ENDS} times in a row and is not started again; supervision goes on."
            )
            return
        # Given up only if the process ended before its first picture. Later ends have other causes.
        self._try_opengl = self._try_opengl and self._is_ready
        self._restart(f"{reason} The view is restarted.")

    def _restart_frozen(self, reason: str) -> None:
        self._restart(f"{reason} It is restarted.")

    def _restart(self, text: str) -> None:
        self._must_report = True
        self.note.emit(v.ViewerNote(level="warning", text=text))
        self.restart()

    def _report_recovery(self) -> None:
        if self._must_report:
            self._must_report = False
            self.note.emit(v.ViewerNote(level="info", text="The viewer draws again."))
