"""Runs the episodes of a session in the window: loads, waits, starts, and counts what was recorded."""

import time
from enum import StrEnum
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal

from mile_desktop.errors import UserError
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import IN_EPISODE, Phase
from mile_desktop.study.block import alert_of, condition_of, session_of, start_of
from mile_desktop.study.plan import PlannedStep
from mile_desktop.study.population import Person
from mile_desktop.study.session import ParticipantSession
from mile_desktop.ui.application import Application
from mile_desktop.viewer import messages as v

_START_S = 3.0
"""An episode that has not begun after so long was refused by the worker: the button is offered again."""


_NOT_AT_REST = IN_EPISODE | {Phase.RESETTING}


class EpisodeState(StrEnum):
    """How far the next episode is."""

    LOADING = "loading"
    READY = "ready"
    STARTING = "starting"
    RUNNING = "running"
    SAVING = "saving"
    AGAIN = "again"
    UNCOUNTED = "uncounted"
    FAILED = "failed"


class StudyEpisodeRunner(QObject):
    """The worker's end of a session; window's thread only."""

    changed = Signal()
    """Another state."""
    counted = Signal()
    """An episode is on the disk and counts; the session is at its next step."""

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self._application = application
        self._session: ParticipantSession | None = None
        self._loaded_for = ""
        self._wanted: PlannedStep | None = None
        self._uncounted: m.EpisodeClosed | None = None
        """It is on the disk, and the study's own file could not be written yet."""
        self._asked_at = 0.0
        self._block_began: dict[int, float] = {}
        self.state = EpisodeState.LOADING
        self.person: Person | None = None
        """The simulated person who supervises; None: a real person."""
        self.speed = 1.0
        """Simulated seconds per second."""
        worker = application.worker
        worker.session_loaded.connect(self._load_ends)
        worker.fault.connect(self._load_ends)
        worker.load_refused.connect(self._load_ends)
        worker.status_changed.connect(self._follow)
        worker.episode_closed.connect(self._closed)
        worker.died.connect(self._died)

    def begin_session(self, session: ParticipantSession | None) -> None:
        """Run the episodes of another session; None: of none."""
        self._session = session
        self._loaded_for = ""
        self._uncounted = None
        self._block_began.clear()

    def prepare(self, step: PlannedStep) -> None:
        """Get ready for the episode of ``step``: load what drives it, unless it is loaded already."""
        session = self._session
        if session is None:
            return
        self._wanted = step
        status = self._application.worker.status
        # An episode is on the disk before the worker has come to rest, and nothing can be loaded or started until then.
        if self._application.worker.session is not None and status is not None and status.phase in _NOT_AT_REST:
            self._set(EpisodeState.SAVING)
            return
        key = f"{step.kind} {step.block} {session.policy_of(step)}"
        if key == self._loaded_for and self._application.worker.session is not None:
            self._set(EpisodeState.READY)
            return
        self._loaded_for = key
        self._set(EpisodeState.LOADING)
        workspace = self._application.workspace
        folder = workspace.folder if workspace is not None else Path()
        wanted = session_of(session, step, folder, person=self.person, speed=self.speed)
        self._load(wanted, alert_of(condition_of(session, step)))

    def _load(self, wanted: m.LoadSession, alert: m.SetAlert) -> None:
        application = self._application
        if application.workspace is None or application.is_busy("The study goes on when the episode has ended."):
            return
        # Between two blocks in one scene the picture stays, as the viewer has nothing new to load.
        drawn = application.robot is None and application.scene == wanted.scene
        application.begin_guided(wanted.scene)
        if not drawn:
            application.viewer.send(v.LoadScene(scene=wanted.scene))
        source = application.preferences.value.live_source
        generation = application.viewer.generation
        application.worker.send(msgspec.structs.replace(wanted, generation=generation, live_source=source))
        application.worker.send(alert)

    def begin_episode(self) -> None:
        """Start the next episode; after a stop or a crash of the worker, put that right first."""
        session = self._session
        step = session.step if session is not None else None
        if session is None or step is None:
            return
        if self.state is EpisodeState.FAILED:
            self.prepare(step)
            return
        if self.state is EpisodeState.UNCOUNTED:
            self._count(session)
            return
        if self.state not in {EpisodeState.READY, EpisodeState.AGAIN}:
            return
        worker = self._application.worker
        if not worker.alive:
            # The restarted worker is told again what it was told last, so nothing has to be loaded here.
            self._set(EpisodeState.LOADING)
            self._application.restart_worker()
            return
        if worker.status is not None and worker.status.phase is Phase.STOPPED:
            worker.send(m.RequestReset())
        self._block_began.setdefault(step.block, time.monotonic())
        self._asked_at = time.monotonic()
        self._set(EpisodeState.STARTING)
        worker.send(start_of(session, step))

    def leave_out(self, block: int, seconds: float) -> None:
        """Do not count ``seconds`` in the time of a block: the robot learned, and the participant waited."""
        if block in self._block_began:
            self._block_began[block] += seconds

    def time_is_over(self, step: PlannedStep) -> bool:
        """Whether the time limit of the step's block has passed."""
        if self._session is None or step.kind not in {"episode", "training"}:
            return False
        minutes = self._session.protocol.blocks[step.block].minutes
        began = self._block_began.get(step.block)
        return bool(minutes) and began is not None and time.monotonic() - began > 60.0 * minutes

    # ── events of the worker ─────────────────────────────────────────────────────────────────────────────────────

    def _load_ends(self, answer: m.SessionLoaded | m.LoadRefused | m.Fault) -> None:
        if self._session is None or self.state is not EpisodeState.LOADING:
            return
        if not isinstance(answer, m.SessionLoaded):
            # The sentence is in the message line; the next press of the button loads once more.
            self._loaded_for = ""
            self._set(EpisodeState.FAILED)
        else:
            self._set(EpisodeState.READY)

    def _follow(self, status: m.Status) -> None:
        if self._session is None:
            return
        if self.state is EpisodeState.STARTING and status.phase in IN_EPISODE:
            self._set(EpisodeState.RUNNING)
        elif self.state is EpisodeState.STARTING and status.phase is Phase.IDLE:
            if time.monotonic() - self._asked_at > _START_S:
                self._set(EpisodeState.READY)
        elif self.state is EpisodeState.SAVING and status.phase not in _NOT_AT_REST and self._wanted is not None:
            self.prepare(self._wanted)

    def _closed(self, episode: m.EpisodeClosed) -> None:
        session = self._session
        step = session.step if session is not None else None
        waits = {EpisodeState.STARTING, EpisodeState.RUNNING}
        if session is None or step is None or self.state not in waits:
            return
        self._uncounted = episode
        self._count(session)

    def _count(self, session: ParticipantSession) -> None:
        """Count the episode that has ended, or wait for another press of the button where the disk refuses."""
        episode = self._uncounted
        if episode is None:
            return
        try:
            again = episode.discarded or not session.episode_closed(episode.episode_id, episode.outcome)
        except UserError as error:
            # Without this the session would stay at a running episode, with no button.
            self._application.show_error(error)
            self._set(EpisodeState.UNCOUNTED)
            return
        self._uncounted = None
        if again:
            self._set(EpisodeState.AGAIN)
            return
        # The next step says what is wanted now; it may be a questionnaire.
        self._wanted = None
        self._set(EpisodeState.SAVING)
        self.counted.emit()

    def _died(self, _: str) -> None:
        if self._session is not None:
            self._set(EpisodeState.AGAIN)

    def _set(self, state: EpisodeState) -> None:
        self.state = state
        self.changed.emit()
