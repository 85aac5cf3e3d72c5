"""Shows one episode of an evaluation, or two policies from the same start; any step of them can be shown again."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer

from mile_desktop.evaluation.messages import EpisodeBegan, EpisodeEnded, EpisodeRefused, EpisodeStates
from mile_desktop.evaluation.pool import EvaluationPool, PoolEvent, WorkerLost
from mile_desktop.evaluation.run import EvaluationRun
from mile_desktop.processes import viewer
from mile_desktop.ui.clients.state_viewer import StateViewer
from mile_desktop.ui.evaluate.episodes_view import EpisodesView
from mile_desktop.ui.evaluate.model import Candidate
from mile_desktop.ui.evaluate.watch_model import StateHistory, Watched, ended_text
from mile_desktop.ui.widgets.playback import Playback
from mile_desktop.ui.widgets.policy_results import EpisodeRow

_TICK_MS = 16
"""One frame at 60 Hz. The row follows the clock, not the number of ticks, so a late tick skips rows."""


class WatchController(QObject):
    """Follows one episode of a pool at a time; everything runs on the window's thread.

    The pool paces the watched episode to a multiple of real time, and shares its newest state; all others run freely.
    All states of it arrive a moment later, so that a person can pause, step and drag while it runs and after its end.
    A second policy from the same start is run as fast as possible, and shown at the step of the first.
    """

    def __init__(self, view: EpisodesView, parent: QObject, *, target: Callable[..., None] = viewer) -> None:
        super().__init__(parent)
        self._view = view
        self._pool: EvaluationPool | None = None
        self._watched: Watched | None = None
        # The episode whose states are shown: the watched one, and after its end still the same.
        self._shown: Watched | None = None
        self._history = StateHistory()
        self._beside: Watched | None = None
        self._beside_history = StateHistory()
        self._beside_result = ""
        self._playback = Playback()
        self._live = False
        self._last = 0.0
        self._shown_sequence = 0
        self.viewer = StateViewer(view.view, self, target=target)
        self.beside_viewer = StateViewer(view.beside_view, self, target=target)
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._advance)
        view.view.viewer_command.connect(self.viewer.client.send)
        view.beside_view.viewer_command.connect(self.beside_viewer.client.send)
        view.stop_requested.connect(self.stop)
        view.speed_chosen.connect(self._change_speed)
        view.scrub.toggle_requested.connect(self.toggle)
        view.scrub.step_requested.connect(self.step)
        view.scrub.row_chosen.connect(self.go)

    @property
    def watched(self) -> Watched | None:
        """The episode that is shown while it runs; None: it has ended, or none was chosen."""
        return self._watched

    @property
    def playback(self) -> Playback:
        """The position among the states that have arrived."""
        return self._playback

    @property
    def busy(self) -> bool:
        """Whether events of the pool are still expected."""
        return self._watched is not None or (self._beside is not None and not self._beside_result)

    # ── which episode ────────────────────────────────────────────────────────────────────────────────────────────

    def watch(
        self,
        pool: EvaluationPool,
        run: EvaluationRun,
        row: EpisodeRow,
        *,
        rate_hz: float,
        beside: Candidate | None = None,
    ) -> bool:
        """Show a running episode from now on; return False if it does not run."""
        if row.ticket not in {each.ticket for each in run.running}:
            return False
        self._start(pool, Watched(row.ticket, run.scene, rate_hz, row.policy, row.seed, is_replay=False), beside)
        return True

    def replay(
        self,
        pool: EvaluationPool,
        scene: str,
        source: str,
        row: EpisodeRow,
        *,
        rate_hz: float,
        beside: Candidate | None = None,
    ) -> None:
        """Run an episode again and show it."""
        ticket = pool.submit(scene, source, row.seed, first=True)  # before the waiting episodes: a person watches
        self._start(pool, Watched(ticket, scene, rate_hz, row.policy, row.seed, is_replay=True), beside)

    def stop(self) -> None:
        """Stop watching; an episode that was run only for that is cancelled."""
        if self._pool is not None and self._beside is not None and not self._beside_result:
            self._pool.cancel([self._beside.ticket])
            self._beside_result = "stopped"
        if self._watched is not None and self._pool is not None:
            self._pool.watch(-1)  # the worker then runs the episode at full speed again
            if self._watched.is_replay:
                self._pool.cancel([self._watched.ticket])
            self._end(f"{self._watched.title} · stopped watching", "secondary")

    def stop_evaluated(self) -> None:
        """Stop watching an episode of the evaluation, because that is cancelled; a repeated episode goes on."""
        if self._watched is not None and not self._watched.is_replay:
            self.stop()

    def close(self) -> None:
        """End the viewer processes."""
        self._timer.stop()
        # No stop(): the pool is closed next, and with it the episode.
        self._watched = self._pool = self._beside = None
        self.viewer.close()
        self.beside_viewer.close()

    # ── events of the pool ───────────────────────────────────────────────────────────────────────────────────────

    def handle(self, events: Sequence[PoolEvent]) -> None:
        """Draw the newest state of the episode, keep its states, and notice its end."""
        watched, pool = self._watched, self._pool
        # Newest wins: the pool shares one state in memory, and states between two polls are not drawn.
        sample = pool.state(self._shown_sequence) if watched is not None and pool is not None else None
        if sample is not None and watched is not None:
            self._shown_sequence = sample.sequence
            if self._live:
                self.viewer.show_state(watched.scene, sample.values, sample.step)
                self._view.view.show_text(f"▶ {watched.title} · step {sample.step}", "policy")
                self._show_beside(sample.step)
        for event in events:
            if self._watched is not None and event.ticket == self._watched.ticket:
                self._handle_event(event, self._watched)
            elif self._beside is not None and event.ticket == self._beside.ticket:
                self._handle_beside(event)

    def _handle_event(self, event: PoolEvent, watched: Watched) -> None:
        match event:
            case EpisodeStates():
                self._history.add(event)
                self._show_length()
            case EpisodeBegan():
                self._history.clear()
            case EpisodeEnded(crash=""):
                text, colour = ended_text(event)
                self._end(f"{text} · {watched.title}", colour)
            case EpisodeEnded(crash=text) | EpisodeRefused(text=text):
                self._end(f"! {watched.title}: {text}", "warning")
            case WorkerLost():  # the pool runs the episode again, in another worker
                self._view.view.show_text(f"▶ {watched.title} · starts again", "policy")
                # The other worker counts its states from 0.
                self._shown_sequence = 0

    def _handle_beside(self, event: PoolEvent) -> None:
        match event:
            case EpisodeStates():
                self._beside_history.add(event)
            case EpisodeBegan():
                self._beside_history.clear()
            case EpisodeEnded():
                self._beside_result = ended_text(event)[0]
            case EpisodeRefused(text=text):
                self._beside_result = f"! {text}"
        self._show_beside(self._history.first + self._playback.row)

    # ── position ─────────────────────────────────────────────────────────────────────────────────────────────────

    def toggle(self) -> None:
        """Pause; or play, and follow the episode again where it still runs and all of its states were shown."""
        self._last = time.monotonic()  # time before the start does not count
        if self._live:
            self._leave_live()
        elif self._watched is not None and self._playback.at_end and not self._playback.playing:
            self._live = True
            self._show_length()
        else:
            self._show(self._playback.toggled())

    def step(self, rows: int) -> None:
        """Move by ``rows`` and pause."""
        self._leave_live()
        self._show(self._playback.stepped(rows))

    def go(self, row: int) -> None:
        """Go to a row of the states that have arrived."""
        self._leave_live()
        self._show(self._playback.at(row))

    def _leave_live(self) -> None:
        if self._live:
            self._live = False
            self._show(self._playback)

    def _advance(self) -> None:
        now = time.monotonic()
        passed, self._last = now - self._last, now
        playback = self._playback.advanced(passed)
        if self._playback.playing and playback.at_end and self._watched is not None:
            self._live = True  # caught up with the episode
        self._show(playback)

    def _show_length(self) -> None:
        playback = replace(self._playback, length=len(self._history))
        if self._live:
            # The picture is ahead of these states: they come in batches.
            self._playback = playback.at(playback.length - 1)
            self._view.scrub.show_playback(self._playback, self._history.first, live=True)
        else:
            self._show(playback, drawn=False)

    def _show(self, playback: Playback, *, drawn: bool = True) -> None:
        self._playback = playback
        if playback.playing != self._timer.isActive():
            (self._timer.start if playback.playing else self._timer.stop)()
        self._view.scrub.show_playback(playback, self._history.first, live=self._live)
        shown, step = self._shown, self._history.first + playback.row
        state = self._history.at_step(step)
        if drawn and shown is not None and state is not None and not self._live:
            self.viewer.show_state(shown.scene, state, step)
            mark, colour = ("▶", "policy") if playback.playing else ("❚❚", "secondary")
            self._view.view.show_text(f"{mark} {shown.title} · step {step}", colour)
            self._show_beside(step)

    def _show_beside(self, step: int) -> None:
        beside = self._beside
        state = self._beside_history.at_step(step)
        if beside is None:
            return
        last = self._beside_history.first + len(self._beside_history) - 1
        if state is not None:
            self.beside_viewer.show_state(beside.scene, state, min(step, last))
        # An episode that was shorter stays at its end.
        ended = bool(self._beside_result) and step >= last
        text = self._beside_result if ended else f"step {min(step, max(last, 0))}"
        self._view.beside_view.show_text(f"{beside.title} · {text}", "policy")

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _start(self, pool: EvaluationPool, watched: Watched, beside: Candidate | None) -> None:
        self.stop()
        watched = replace(watched, is_beside=beside is not None)
        # sequence numbers of states start again with each watched episode
        self._pool, self._watched, self._shown, self._shown_sequence = pool, watched, watched, 0
        self._history.clear()
        self._beside_history.clear()
        self._beside, self._beside_result, self._live = None, "", True
        if beside is not None:
            # Recorded and not paced: the pool paces one episode, and this one is shown at the step of that one.
            ticket = pool.submit(watched.scene, beside.source, watched.seed, first=True, recorded=True)
            self._beside = replace(watched, ticket=ticket, policy=beside.name, is_replay=True)
        self._view.show_beside(shown=beside is not None)
        self._show(Playback(rate_hz=watched.rate_hz, speed=self._view.speed), drawn=False)
        pool.watch(watched.ticket, watched.rate_hz * self._view.speed)
        self._view.view.show_text(f"▶ {watched.title} · starts in a moment", "policy")
        self._view.show_watching(watching=True)

    def _change_speed(self, speed: float) -> None:
        self._last = time.monotonic()  # the time since the last tick passed at the old speed
        self._playback = replace(self._playback, speed=speed)
        if self._watched is not None and self._pool is not None:
            self._pool.watch(self._watched.ticket, self._watched.rate_hz * speed)

    def _end(self, text: str, colour: str) -> None:
        self._watched = None
        self._live = False
        self._view.scrub.show_playback(self._playback, self._history.first, live=False)
        self._view.view.show_text(text, colour)
        self._view.show_watching(watching=False)
