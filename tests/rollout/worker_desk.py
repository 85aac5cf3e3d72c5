"""A real rollout worker and what a window would keep of it."""

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from mile_desktop.channels.process import ChildProcess
from mile_desktop.channels.shared import StateSlot
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.rollout.worker import run_worker

EventT = TypeVar("EventT", bound=msgspec.Struct)
DEADLINE_S = 90.0


class WorkerDesk:
    def __init__(
        self, workspace: Path, target: Callable[..., None] = run_worker, arguments: tuple[object, ...] = ()
    ) -> None:
        self.workspace = workspace
        self.slot = StateSlot.create()
        self.process: ChildProcess[m.Event] = ChildProcess(
            "rollout worker", target, (self.slot.name, *arguments), event_type=m.Event
        )
        self.events: list[m.Event] = []
        self._arrived: deque[m.Event] = deque()

    def __enter__(self) -> Self:
        self.process.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.stop(timeout_s=10.0)
        self.slot.close()

    def load(self, **changes: object) -> m.SessionLoaded:
        fields = {
            "workspace": str(self.workspace),
            "scene": "peg-insertion",
            "policy": "expert",
            "speed": 5.0,
            "seed": 3,
        }
        # nothing is loaded while an episode runs, and a test may have left one
        self.process.send(m.RequestStop())
        self.process.send(m.LoadSession(**{**fields, **changes}))  # type: ignore[arg-type]
        return self.wait_for(m.SessionLoaded)

    def wait_for(self, kind: type[EventT], condition: Callable[[EventT], bool] = lambda _: True) -> EventT:
        """Wait for the next event of ``kind`` that fulfils ``condition``."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            self._arrived.extend(self.process.drain())
            while self._arrived:
                event = self._arrived.popleft()
                self.events.append(event)
                if isinstance(event, kind) and condition(event):
                    return event
            if not self.process.alive:
                raise AssertionError(self.process.exit_reason)
            self.process.wait(0.005)
        raise AssertionError(f"No {kind.__name__} came; the last events were {self.events[-3:]}")

    def latest(self, kind: type[EventT]) -> EventT:
        """Wait for an event of ``kind`` and return the newest of those that have arrived."""
        found = self.wait_for(kind)
        self._arrived.extend(self.process.drain())
        while self._arrived:
            event = self._arrived.popleft()
            self.events.append(event)
            found = event if isinstance(event, kind) else found
        return found

    def wait_for_phase(self, phase: Phase) -> m.Status:
        return self.wait_for(m.Status, lambda status: status.phase is phase)
