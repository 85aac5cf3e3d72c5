"""Watching an episode: one that runs, or one that has ended, run again from the same start."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject

from mile_desktop.evaluation.messages import EpisodeEnded, EpisodeRefused
from mile_desktop.evaluation.pool import EvaluationPool, PoolEvent, WorkerLost
from mile_desktop.evaluation.run import EvaluationRun
from mile_desktop.processes import viewer
from mile_desktop.ui.clients.state_viewer import StateViewer
from mile_desktop.ui.evaluate.episodes_view import EpisodesView
from mile_desktop.ui.evaluate.results import EpisodeRow


@dataclass(frozen=True, slots=True)
class Watched:
    """What is looked at."""

    ticket: int
    scene: str
    rate_hz: float
    """Of the scene in real time."""
    policy: str
    seed: int
    is_replay: bool
    """Whether it runs only to be seen."""

    @property
    def title(self) -> str:
        """``v3 · seed 1000017``."""
        return f"{self.policy} · seed {self.seed}"


class WatchController(QObject):
    """Follows one episode of a pool at a time; everything runs on the window's thread."""

    def __init__(self, view: EpisodesView, parent: QObject, *, target: Callable[..., None] = viewer) -> None:
        super().__init__(parent)
        self._view = view
        self._pool: EvaluationPool | None = None
        self._watched: Watched | None = None
        self._seen = 0
        self.viewer = StateViewer(view.view, self, target=target)
        view.stop_requested.connect(self.stop)
        view.speed_chosen.connect(self._change_speed)

    @property
    def watched(self) -> Watched | None:
        """What is looked at; None when it has ended, or nothing was chosen."""
        return self._watched

    def watch(self, pool: EvaluationPool, run: EvaluationRun, row: EpisodeRow, rate_hz: float) -> bool:
        """Look at an episode from where it is; return False when it does not run (any more)."""
        if row.ticket not in {each.ticket for each in run.running}:
            return False
        self._turn_to(pool, Watched(row.ticket, run.scene, rate_hz, row.policy, row.seed, is_replay=False))
        return True

    def replay(self, pool: EvaluationPool, scene: str, source: str, row: EpisodeRow, rate_hz: float) -> None:
        """Run an episode again, to be seen."""
        ticket = pool.submit(scene, source, row.seed, first=True)
        self._turn_to(pool, Watched(ticket, scene, rate_hz, row.policy, row.seed, is_replay=True))

    def heed(self, events: Sequence[PoolEvent]) -> None:
        """Take in what the pool said, and draw where the episode is."""
        watched, pool = self._watched, self._pool
        if watched is None or pool is None:
            return
        sample = pool.state(self._seen)
        if sample is not None:
            self._seen = sample.sequence
            self.viewer.show_state(watched.scene, sample.values, sample.step)
            self._view.view.say(f"▶ {watched.title} · step {sample.step}", "policy")
        for event in events:
            if event.ticket == watched.ticket:
                self._heed_one(event, watched)

    def stop(self) -> None:
        """Look at nothing any more; an episode that ran only to be seen is given up."""
        if self._watched is not None and self._pool is not None:
            self._pool.watch(-1)
            if self._watched.is_replay:
                self._pool.cancel([self._watched.ticket])
            self._end(f"{self._watched.title} · not watched to its end", "secondary")

    def leave(self) -> None:
        """Look away from an episode of an evaluation that is given up."""
        if self._watched is not None and not self._watched.is_replay:
            self.stop()

    def close(self) -> None:
        """End the viewer for good."""
        self._watched = self._pool = None
        self.viewer.close()

    def _turn_to(self, pool: EvaluationPool, watched: Watched) -> None:
        self.stop()
        self._pool, self._watched, self._seen = pool, watched, 0
        pool.watch(watched.ticket, watched.rate_hz * self._view.speed)
        self._view.view.say(f"▶ {watched.title} · begins in a moment", "policy")
        self._view.show_watching(watching=True)

    def _change_speed(self, speed: float) -> None:
        if self._watched is not None and self._pool is not None:
            self._pool.watch(self._watched.ticket, self._watched.rate_hz * speed)

    def _heed_one(self, event: PoolEvent, watched: Watched) -> None:
        match event:
            case EpisodeEnded(crash="", success=success, steps=steps):
                word, colour = ("✓ success", "success") if success else ("✕ failure", "failure")
                self._end(f"{word} after {steps} steps · {watched.title}", colour)
            case EpisodeEnded(crash=text) | EpisodeRefused(text=text):
                self._end(f"! {watched.title}: {text}", "warning")
            case WorkerLost():
                self._view.view.say(f"▶ {watched.title} · begins again", "policy")
                self._seen = 0

    def _end(self, text: str, colour: str) -> None:
        self._watched = None
        self._view.view.say(text, colour)
        self._view.show_watching(watching=False)
