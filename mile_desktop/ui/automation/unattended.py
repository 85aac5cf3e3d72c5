"""The unattended run: a simulated supervisor works with the real window, retrains it, and reports what happened."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer

from mile_desktop.evaluation.statistics import wilson_interval
from mile_desktop.learning.progress import AnyRunEvent, Compared, Failed, Finished, Progress
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.automation.scripted_run import Condition, ScriptedRun
from mile_desktop.ui.composition import Composition
from mile_desktop.ui.learn.model import RetrainRequest

LIMIT_S = 285.0
_SETTLE_S = 0.7


@dataclass(frozen=True, slots=True)
class Extent:
    """How much the unattended run does."""

    rounds: int = 2
    episodes: int = 4
    """Supervised episodes a round."""
    starts: int = 20
    """Fixed starts on which the policies before and after retraining are compared."""
    epochs: int = 0
    """Epochs of every training; 0: as many as the Learn panel proposes."""

    def training(self, seed: int) -> RetrainRequest:
        """Return what a training is asked for."""
        settings = TrainingSettings(seed=seed)
        settings = replace(settings, takeover_trial=min(settings.takeover_trial, self.starts))
        if self.epochs:
            settings = replace(settings, epochs=self.epochs, fit_epochs=self.epochs)
        return RetrainRequest(settings, self.starts, evaluation_at_most=self.starts)


@dataclass(slots=True)
class Summary:
    """What happened, for the terminal and for ``summary.json``."""

    episodes: int = 0
    steps: int = 0
    takeovers: int = 0
    human_steps: int = 0
    rounds: list[dict[str, Any]] = field(default_factory=list)
    screenshots: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def complete(self, extent: Extent) -> bool:
        """Whether every planned step happened."""
        collected = self.episodes >= extent.rounds * extent.episodes and self.takeovers > 0
        return collected and len(self.rounds) == extent.rounds and bool(self.screenshots) and not self.problems


class Unattended(ScriptedRun):
    """Uses the window as a person does, through the same signals; the exit status is 0 only if every step happened.

    Parameters
    ----------
    parts
        The whole window.
    folder
        Where screenshots and ``summary.json`` are written.
    finish
        Called with the exit status at the end.
    extent
        How much is done.
    """

    def __init__(
        self, parts: Composition, folder: Path, finish: Callable[[int], None], extent: Extent | None = None
    ) -> None:
        super().__init__(parts.application, folder, limit_s=LIMIT_S)
        self.summary = Summary()
        self._retrain = parts.retrain
        self._finish = finish
        self._extent = extent or Extent()
        self._round = 0
        self._closed = 0
        self._compared: Compared | None = None
        self._run_over = False
        self._shown_phases: set[tuple[int, Phase]] = set()
        parts.application.worker.episode_closed.connect(self._count)
        parts.application.worker.status_changed.connect(self._watch_phase)
        parts.retrain.trainer.event_read.connect(self._follow)
        # Nothing is supervised while it trains, and low priority would make a busy machine wait for minutes.
        parts.retrain.trainer.niceness = 0
        self.resume_holds()

    # ── the script ───────────────────────────────────────────────────────────────────────────────────────────────

    def _script(self) -> Iterator[Condition]:
        """Perform one step after the other; yield the condition that the next one waits for."""
        self._say("The window is open; the simulated supervisor begins.")
        for number in range(1, self._extent.rounds + 1):
            self._round = number
            self._closed = 0
            self._say(f"Round {number}: {self._extent.episodes} supervised episodes.")
            self._application.worker.send(m.StartEpisodes(episodes=self._extent.episodes))
            yield self._collected
            yield self._after(_SETTLE_S)
            self._shoot(f"round-{number}-collected")
            # Before the start: the events of a short training may all come before the next poll.
            self._compared, self._run_over = None, False
            self._say(f"Round {number}: retraining.")
            self._retrain.retrain(self._extent.training(number))
            yield self._trained
            yield self._after(_SETTLE_S)
            self._shoot(f"round-{number}-result")
            self._decide(number)
            yield self._after(_SETTLE_S)
        for page in ("policies", "devices", "settings"):
            self._application.window.show_page(page)
            yield self._after(_SETTLE_S)
            self._shoot(f"page-{page}")

    def _decide(self, number: int) -> None:
        compared = self._compared
        if compared is None:
            self.problem(f"Round {number} ended without a comparison.")
            return
        # By the signals of the panel's buttons, so that the run takes the same way as a person's click.
        if compared.suggestion == "use":
            self._retrain.panel.use_requested.emit(compared.after_policy)
        else:
            self._retrain.panel.keep_requested.emit()
        self.summary.rounds.append(
            {
                "round": number,
                "before_policy": compared.before_policy,
                "after_policy": compared.after_policy,
                "starts": compared.episodes,
                "before_successes": compared.before_successes,
                "after_successes": compared.after_successes,
                "before_interval": wilson_interval(compared.before_successes, compared.episodes),
                "after_interval": wilson_interval(compared.after_successes, compared.episodes),
                "crashes": compared.crashes,
                "suggestion": compared.suggestion,
            }
        )

    # ── conditions ───────────────────────────────────────────────────────────────────────────────────────────────

    def _collected(self) -> bool:
        status = self._application.worker.status
        return self._closed >= self._extent.episodes and status is not None and status.phase is Phase.IDLE

    def _trained(self) -> bool:
        # The event comes through the run's log, and the process ends a moment later; the next training could not start
        # between the two.
        return self._run_over and not self._retrain.trainer.running

    # ── events ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _count(self, episode: m.EpisodeClosed) -> None:
        self._closed += 1
        self.summary.episodes += 1
        self.summary.steps += episode.steps
        self.summary.takeovers += episode.takeovers
        self.summary.human_steps += episode.human_steps
        self._say(f"  {episode.outcome}, {episode.steps} steps, {episode.takeovers} takeovers")

    def _watch_phase(self, status: m.Status) -> None:
        moment = (self._round, status.phase)
        mature = status.step >= 40 or status.phase is Phase.TAKEOVER
        if status.phase in {Phase.AUTONOMOUS, Phase.TAKEOVER} and mature and moment not in self._shown_phases:
            self._shown_phases.add(moment)
            # A moment later, so that the picture shows this status and not the one before it.
            QTimer.singleShot(300, self, lambda: self._shoot(f"round-{moment[0]}-{moment[1].value}"))

    def _follow(self, event: AnyRunEvent) -> None:
        match event:
            case Progress(stage="policy", epoch=epoch, epochs=epochs) if epochs and epoch == epochs * 3 // 4:
                self._shoot(f"round-{self._round}-training")
            case Compared():
                self._compared = event
            case Finished():
                self._run_over = True
            case Failed(text=text):
                self.problem(text)

    # ── the end ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _ended(self) -> None:
        # A trainer outlives its window so that the next window can follow it. After a run that failed none comes.
        self._retrain.trainer.cancel()
        self.summary.seconds = round(self.seconds, 1)
        self.summary.screenshots, self.summary.problems = self.pictures, self.problems
        (self._folder / "summary.json").write_text(json.dumps(asdict(self.summary), indent=2))
        for line in self.report():
            self._say(line)
        self._finish(0 if self.summary.complete(self._extent) else 1)

    def report(self) -> list[str]:
        """Return the summary as lines for people."""
        done = self.summary
        counts = f"{done.episodes} episodes, {done.steps} steps, {done.takeovers} takeovers"
        lines = [f"{counts} ({done.human_steps} human steps) in {done.seconds:.0f} s."]
        lines.extend(
            f"Round {each['round']}: success before {_share(each, 'before')}, after {_share(each, 'after')} "
            f"on the same {each['starts']} starts; suggestion: {each['suggestion']}."
            for each in done.rounds
        )
        lines.append(f"{len(done.screenshots)} screenshots and summary.json in {self._folder}.")
        lines.extend(f"Problem: {problem}" for problem in done.problems)
        if not done.complete(self._extent):
            lines.append("Not every step happened.")
        return lines


def _share(each: dict[str, Any], which: str) -> str:
    low, high = each[f"{which}_interval"]
    return f"{each[f'{which}_successes']} [{100 * low:.0f}–{100 * high:.0f} %]"
