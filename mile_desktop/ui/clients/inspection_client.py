"""The window's side of the inspection process: jobs out, results in as signals."""

import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import msgspec
from PySide6.QtCore import QObject, Signal, SignalInstance

from mile_desktop.channels.process import ChildProcess
from mile_desktop.inspection import messages as i
from mile_desktop.ui.clients.child_client import ChildClient, Excused


class InspectionClient(ChildClient):
    """Sends jobs and turns results into signals; the process starts with the first command.

    Parameters
    ----------
    target
        Importable entry point, called in the process as ``target(connection)``.
    """

    insights_updated = Signal(object)
    progressed = Signal(object)
    ended = Signal(object)
    """``JobEnded``: cancelled, or failed with a reason in one sentence."""
    predicted_again = Signal(object)
    rolled_forward = Signal(object)
    found_alike = Signal(object)

    repeated: ClassVar[tuple[type, ...]] = (i.UpdateInsights,)
    loading_s: ClassVar[float] = 20.0
    excused: ClassVar[Excused] = "waiting or running"

    def __init__(
        self,
        target: Callable[..., None],
        parent: QObject | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent, clock=clock)
        self._target = target
        self._last_job = 0
        self._open: set[int] = set()
        self._signals: dict[type, SignalInstance] = {
            i.InsightsUpdated: self.insights_updated,
            i.JobProgress: self.progressed,
            i.JobEnded: self.ended,
            i.PredictedAgain: self.predicted_again,
            i.RolledForward: self.rolled_forward,
            i.FoundAlike: self.found_alike,
        }
        self.silent.connect(self._replace_frozen)

    def new_job(self) -> int:
        """Return a number that no job has had before."""
        self._last_job += 1
        return self._last_job

    def send(self, command: msgspec.Struct) -> bool:
        """Queue ``command``; see ``ChildClient.send``."""
        if isinstance(command, (i.PredictAgain, i.RollForward, i.FindAlike)):
            self._open.add(command.job)
            self._loading_since = self._clock()
        # Started when it is needed: most sessions never look at a recorded episode.
        if not self.alive:
            self.start()
            # The start has sent the command that stood before. This one replaces it.
            if isinstance(command, i.UpdateInsights):
                self._standing[i.UpdateInsights] = command
        return super().send(command)

    def _make_child(self) -> ChildProcess[Any]:
        return ChildProcess("inspection", self._target, (), event_type=i.Event)

    def _receive(self, events: Sequence[Any]) -> None:
        for event in events:
            if isinstance(event, (i.JobEnded, i.PredictedAgain, i.RolledForward, i.FoundAlike)):
                self._open.discard(event.job)
                if not self._open:
                    self._loading_since = None
            self._signals[type(event)].emit(event)

    def _should_speak(self) -> bool:
        # It is silent while a job computes, and that is no fault. A process that does nothing at all although a job is
        # open (stopped, or waiting for a disk that does not answer) is found by ``loading_s``.
        return False

    def _replace_frozen(self, reason: str) -> None:
        # Recorded data are only read there, so the process is replaced without a question; its jobs are given up.
        self._ended(reason)
        self.restart()

    def _ended(self, reason: str) -> None:
        """Report every open job as failed, or the end itself if there was none; the next job starts a new process."""
        given_up, self._open = sorted(self._open), set()
        self._loading_since = None
        for job in given_up:
            self.ended.emit(i.JobEnded(job=job, problem=f"{reason} Nothing is lost; try again, and it is restarted."))
        if not given_up:
            super()._ended(reason)
