"""The window's side of the rollout worker: commands out, messages in as signals."""

import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import msgspec
from PySide6.QtCore import QObject, Signal, SignalInstance

from mile_desktop.channels.process import ChildProcess
from mile_desktop.rollout import messages as m
from mile_desktop.ui.clients.child_client import ChildClient
from mile_desktop.ui.clients.stop_watch import StopWatch


class RolloutClient(ChildClient):
    """Sends commands to the rollout worker and turns its messages into signals.

    Parameters
    ----------
    target
        Importable entry point of the process, called there as ``target(connection, *arguments)``.
    arguments
        Plain values for it (the name of the state slot).
    """

    status_changed = Signal(object)
    """``Status``; only the newest of several that arrived together."""
    robot_status_changed = Signal(object)
    """``RobotStatus`` of the network robot that is driven."""
    step_taken = Signal(object)
    session_loaded = Signal(object)
    loading = Signal()
    """Another session was asked for; until it is loaded, or ``fault``, nothing of the one before is passed on."""
    load_refused = Signal(object)
    """``LoadRefused``; the session before is still loaded, and ``session_loaded`` follows for it."""
    policy_accepted = Signal(object)
    episode_closed = Signal(object)
    note = Signal(object)
    fault = Signal(object)
    pad_state = Signal(object)
    camera_requested = Signal(int)
    stop_unheard = Signal(str)
    """A stop was not carried out within half a second; why, in one sentence. Emitted once for each such stop."""
    stop_heard = Signal()
    """After ``stop_unheard``: it was carried out now, or the worker is gone."""

    repeated: ClassVar[tuple[type, ...]] = (
        m.SetPad,
        m.SetAlert,
        m.LoadSession,
        m.SetViewYaw,
        m.WatchPad,
        m.WatchCameras,
    )

    def __init__(
        self,
        target: Callable[..., None],
        arguments: Sequence[Any] = (),
        parent: QObject | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent, clock=clock)
        self._target = target
        self._arguments = tuple(arguments)
        self._status: m.Status | None = None
        # None also means: silence is normal, because a worker that loads a scene sends no status for seconds.
        self._session: m.SessionLoaded | None = None
        self._loading = False
        self._loads = 0
        """Number of the newest load."""
        self._loaded: m.LoadSession | None = None
        """What the worker has loaded last; asked for again after a refusal and a restart."""
        self._stops = StopWatch(clock)
        self._said_unheard = False
        self._signals: dict[type, SignalInstance] = {
            m.Status: self.status_changed,
            m.RobotStatus: self.robot_status_changed,
            m.StepTaken: self.step_taken,
            m.SessionLoaded: self.session_loaded,
            m.LoadRefused: self.load_refused,
            m.PolicyAccepted: self.policy_accepted,
            m.EpisodeClosed: self.episode_closed,
            m.Note: self.note,
            m.Fault: self.fault,
            m.PadState: self.pad_state,
        }

    @property
    def status(self) -> m.Status | None:
        """The newest snapshot; None from the (re)start, or from a new session, until the first one has arrived."""
        return self._status

    @property
    def session(self) -> m.SessionLoaded | None:
        """What is loaded; None until the worker reports it."""
        return self._session

    def send(self, command: msgspec.Struct) -> bool:
        """Queue ``command``; see ``ChildClient.send``. A stop gets its number here, from every page."""
        if isinstance(command, m.LoadSession):
            self._session = None
            self._loading_since = self._clock()
            self._loading = True
            self._loads += 1
            command = msgspec.structs.replace(command, number=self._loads)
            self.loading.emit()
        if isinstance(command, m.RequestStop):
            command = msgspec.structs.replace(command, number=self._stops.ask())
        return super().send(command)

    def start(self) -> None:
        """Start the process."""
        # The new process knows nothing of the old status, and the pages must not act on it.
        self._status = self._session = None
        self._stops.forget()
        super().start()

    def poll(self) -> None:
        """Read the messages, check the process, and notice a stop that it does not carry out."""
        super().poll()
        if not self.alive:
            self._stops.forget()
        # While a session is loaded the worker answers nothing, and nothing can move.
        late_s = self._stops.late_s if self._session is not None else 0.0
        if late_s and not self._said_unheard:
            self._said_unheard = True
            self.stop_unheard.emit(f"The rollout worker has not answered to Stop for {late_s:.1f} s.")
        elif self._said_unheard and not late_s:
            self._said_unheard = False
            self.stop_heard.emit()

    @property
    def _asked(self) -> m.LoadSession | None:
        asked = self._standing.get(m.LoadSession)
        return asked if isinstance(asked, m.LoadSession) else None

    def _remember_promotion(self, promotion: m.PolicyAccepted) -> None:
        """Change the repeated ``LoadSession``: a restarted worker must load the promoted policy, not the one before."""
        if (asked := self._asked) is not None:
            self._standing[m.LoadSession] = msgspec.structs.replace(
                asked, policy=promotion.policy, intervention_model=promotion.intervention_model
            )

    def _make_child(self) -> ChildProcess[Any]:
        return ChildProcess("rollout worker", self._target, self._arguments, event_type=m.Event)

    def _should_speak(self) -> bool:
        return self._session is not None

    def _receive(self, events: Sequence[Any]) -> None:
        # Pages paint on each status. A window that was busy gets one instead of many.
        for event in _newest_snapshots(events):
            if isinstance(event, m.CameraRequest):
                self.camera_requested.emit(event.direction)
                continue
            if isinstance(event, m.Status):
                self._status = event
                self._stops.answer(event.stop_number)
            elif isinstance(event, m.SessionLoaded | m.LoadRefused | m.Fault):
                if self._loading and event.number != self._loads:
                    self._pass_over(event)
                    continue
                self._take_answer(event)
            elif isinstance(event, m.PolicyAccepted):
                self._remember_promotion(event)
                self._loaded = self._asked
            # What was sent before the new session was loaded belongs to the old one: its phase, its p, its steps.
            if not (self._loading and isinstance(event, m.Status | m.StepTaken | m.RobotStatus)):
                self._signals[type(event)].emit(event)

    def _pass_over(self, answer: m.SessionLoaded | m.LoadRefused | m.Fault) -> None:
        """Go on waiting for the newest load: the answer to an earlier one would show READY while the worker loads."""
        if isinstance(answer, m.Fault):
            # The sentence is still true, but nothing may be loaded in place of what it is about.
            self.note.emit(m.Note(level="warning", text=answer.text))

    def _take_answer(self, answer: m.SessionLoaded | m.LoadRefused | m.Fault) -> None:
        if isinstance(answer, m.SessionLoaded):
            if self._loading:
                # The last status is that of the session before. After a refusal that session goes on, and so does it.
                self._status = None
            self._session, self._loaded = answer, self._asked
        elif isinstance(answer, m.Fault):
            self._session = self._status = None
        elif self._loaded is not None:
            # A worker that is started again must load what runs and not what was refused.
            self._standing[m.LoadSession] = self._loaded
        self._loading_since, self._loading = None, False


def _newest_snapshots(events: Sequence[Any]) -> list[Any]:
    """Return ``events`` in order, but of each kind of snapshot only the last: older ones are out of date already."""
    last = {type(event): event for event in events if isinstance(event, (m.Status, m.RobotStatus, m.PadState))}
    return [event for event in events if last.get(type(event), event) is event]
