"""Shows one episode of an evaluation: a running one, or one that has ended and is run again from the same seed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject

from mile_desktop.evaluation.messages import EpisodeEnded, EpisodeRefused
from mile_desktop.evaluation.pool import EvaluationPool, PoolEvent, WorkerLost
from mile_desktop.evaluation.run import EvaluationRun
from mile_desktop.processes import viewer
from mile_desktop.ui.clients.state_viewer import StateViewer
from mile_desktop.ui.evaluate.episodes_view import EpisodesView
from mile_desktop.ui.widgets.policy_results import EpisodeRow


@dataclass(frozen=True, slots=True)
class Watched:
    """The episode that is shown."""

    ticket: int
    scene: str
    rate_hz: float
    """Steps per second in real time."""
    policy: str
    seed: int
    is_replay: bool
    """Whether it is run only to be watched, and belongs to no evaluation."""

    @property
    def title(self) -> str:
        """``v3 · seed 1000017``."""
        return f"{self.policy} · seed {self.seed}"


class WatchController(QObject):
    """Follows one episode of a pool at a time; everything runs on the window's thread.

    The pool paces the watched episode to a multiple of real time, and shares its newest state; all others run freely.
    """

    def __init__(self, view: EpisodesView, parent: QObject, *, target: Callable[..., None] = viewer) -> None:
        super().__init__(parent)
        self._view = view
        self._pool: EvaluationPool | None = None
        self._watched: Watched | None = None
        self._shown_sequence = 0
        self.viewer = StateViewer(view.view, self, target=target)
        view.view.viewer_command.connect(self.viewer.client.send)
        view.stop_requested.connect(self.stop)
        view.speed_chosen.connect(self._change_speed)

    @property
    def watched(self) -> Watched | None:
        """The episode that is shown; None: it has ended, or none was chosen."""
        return self._watched

    def watch(self, pool: EvaluationPool, run: EvaluationRun, row: EpisodeRow, rate_hz: float) -> bool:
        """Show a running episode from now on; return False if it does not run."""
        if row.ticket not in {each.ticket for each in run.running}:
            return False
        self._start(pool, Watched(row.ticket, run.scene, rate_hz, row.policy, row.seed, is_replay=False))
        return True

    def replay(self, pool: EvaluationPool, scene: str, source: str, row: EpisodeRow, rate_hz: float) -> None:
        """Run an episode again and show it."""
        ticket = pool.submit(scene, source, row.seed, first=True)  # before the waiting episodes: a person watches
        self._start(pool, Watched(ticket, scene, rate_hz, row.policy, row.seed, is_replay=True))

    def handle(self, events: Sequence[PoolEvent]) -> None:
        """Draw the newest state of the episode, and notice its end."""
        watched, pool = self._watched, self._pool
        if watched is None or pool is None:
            return
        # Newest wins: the pool shares one state in memory, and states between two polls are not drawn.
        sample = pool.state(self._shown_sequence)
        if sample is not None:
            self._shown_sequence = sample.sequence
            self.viewer.show_state(watched.scene, sample.values, sample.step)
            self._view.view.show_text(f"▶ {watched.title} · step {sample.step}", "policy")
        for event in events:
            if event.ticket == watched.ticket:
                self._handle_event(event, watched)

    def stop(self) -> None:
        """Stop watching; an episode that was run only for that is cancelled."""
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
        """End the viewer process."""
        # No stop(): the pool is closed next, and with it the episode.
        self._watched = self._pool = None
        self.viewer.close()

    def _start(self, pool: EvaluationPool, watched: Watched) -> None:
        self.stop()
        # sequence numbers of states start again with each watched episode
        self._pool, self._watched, self._shown_sequence = pool, watched, 0
        pool.watch(watched.ticket, watched.rate_hz * self._view.speed)
        self._view.view.show_text(f"▶ {watched.title} · starts in a moment", "policy")
        self._view.show_watching(watching=True)

    def _change_speed(self, speed: float) -> None:
        if self._watched is not None and self._pool is not None:
            self._pool.watch(self._watched.ticket, self._watched.rate_hz * speed)

    def _handle_event(self, event: PoolEvent, watched: Watched) -> None:
        match event:
            case EpisodeEnded(crash="", success=success, steps=steps):
                word, colour = ("✓ success", "success") if success else ("✕ failure", "failure")
                self._end(f"{word} after {steps} steps · {watched.title}", colour)
            case EpisodeEnded(crash=text) | EpisodeRefused(text=text):
                self._end(f"! {watched.title}: {text}", "warning")
            case WorkerLost():  # the pool runs the episode again, in another worker
                self._view.view.show_text(f"▶ {watched.title} · starts again", "policy")
                # The other worker counts its states from 0.
                self._shown_sequence = 0

    def _end(self, text: str, colour: str) -> None:
        self._watched = None
        self._view.view.show_text(text, colour)
        self._view.show_watching(watching=False)
