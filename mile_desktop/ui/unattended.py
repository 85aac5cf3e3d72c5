"""The window without a person: a simulated supervisor sits at it, twice round the loop, and says what happened."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer

from mile_desktop.evaluation.statistics import wilson_interval
from mile_desktop.learning.progress import AnyRunEvent, Compared, Failed, Finished, Progress
from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.desk import Desk
from mile_desktop.ui.learn.model import Settings
from mile_desktop.ui.retraining import Retraining

ROUNDS = 2
EPISODES_A_ROUND = 4
STARTS = 20
"""Fixed starts on which before and after are compared."""
LIMIT_S = 285.0
_POLL_MS = 50
_SIZE = (1440, 900)
_SETTLE_S = 0.7

Condition = Callable[[], bool]


@dataclass(slots=True)
class Summary:
    """What happened, for the screen and for ``summary.json``."""

    episodes: int = 0
    steps: int = 0
    takeovers: int = 0
    human_steps: int = 0
    rounds: list[dict[str, Any]] = field(default_factory=list)
    screenshots: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether everything that was to happen did."""
        collected = self.episodes >= ROUNDS * EPISODES_A_ROUND and self.takeovers > 0
        return collected and len(self.rounds) == ROUNDS and bool(self.screenshots) and not self.problems


class Unattended(QObject):
    """Drives a desk as a person would, by the same signals; ends the program with 0 only if all of it happened.

    Parameters
    ----------
    desk, retraining
        The window's own.
    folder
        Where screenshots and ``summary.json`` go.
    finish
        Called with the exit status when all is over.
    """

    def __init__(self, desk: Desk, retraining: Retraining, folder: Path, finish: Callable[[int], None]) -> None:
        super().__init__(desk)
        self.summary = Summary()
        self._desk = desk
        self._retraining = retraining
        self._folder = folder
        self._finish = finish
        self._began = time.monotonic()
        self._round = 0
        self._closed = 0
        self._compared: Compared | None = None
        self._run_over = False
        self._seen_picture = False
        self._shown_phases: set[tuple[int, Phase]] = set()
        self._script = self._steps()
        self._condition: Condition = self._loaded
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._poll)
        desk.worker.episode_closed.connect(self._count)
        desk.worker.status_changed.connect(self._watch_phase)
        desk.worker.fault.connect(self._fault)
        desk.viewer.frame_ready.connect(self._see)
        desk.worker.died.connect(self._problem)
        retraining.trainer.event_read.connect(self._follow)

    def start(self) -> None:
        """Begin; call when the desk has started."""
        self._desk.window.resize(*_SIZE)  # offscreen there is no room to ask for it
        self._timer.start()

    # ── the script ───────────────────────────────────────────────────────────────────────────────────────────────

    def _steps(self) -> Iterator[Condition]:
        """Do one thing after the other; yield what has to be true before the next."""
        self._say("The window is open; the simulated supervisor takes its seat.")
        for number in range(1, ROUNDS + 1):
            self._round = number
            self._closed = 0
            self._say(f"Round {number}: {EPISODES_A_ROUND} supervised episodes.")
            self._desk.worker.send(m.StartEpisodes(episodes=EPISODES_A_ROUND))
            yield self._collected
            yield self._after(_SETTLE_S)
            self._shoot(f"round-{number}-collected")
            self._compared, self._run_over = None, False
            self._say(f"Round {number}: retraining.")
            settings = replace(Settings(), seed=number, evaluation_episodes=STARTS)
            self._retraining.retrain(settings.as_dict())
            yield self._trained
            yield self._after(_SETTLE_S)
            self._shoot(f"round-{number}-result")
            self._decide(number)
            yield self._after(_SETTLE_S)
        for page in ("policies", "devices", "settings"):
            self._desk.window.show_page(page)
            yield self._after(_SETTLE_S)
            self._shoot(f"page-{page}")

    def _decide(self, number: int) -> None:
        compared = self._compared
        if compared is None:
            self._problem(f"Round {number} ended without a comparison.")
            return
        if compared.suggestion == "use":
            self._retraining.panel.use_requested.emit(compared.after_policy)
        else:
            self._retraining.panel.keep_requested.emit()
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

    def _loaded(self) -> bool:
        return self._desk.worker.session is not None and self._seen_picture

    def _collected(self) -> bool:
        status = self._desk.worker.status
        return self._closed >= EPISODES_A_ROUND and status is not None and status.phase is Phase.IDLE

    def _trained(self) -> bool:
        return self._run_over and not self._retraining.trainer.running

    def _after(self, seconds: float) -> Condition:
        until = time.monotonic() + seconds

        def passed() -> bool:
            return time.monotonic() >= until

        return passed

    def _poll(self) -> None:
        if time.monotonic() - self._began > LIMIT_S:
            self._problem(f"It took longer than {LIMIT_S:.0f} s.")
        if self.summary.problems:
            self._end()
        elif self._condition():
            try:
                self._condition = next(self._script)
            except StopIteration:
                self._end()

    # ── what is heard ────────────────────────────────────────────────────────────────────────────────────────────

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
            # painted with the status that is being shown now
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
                self._problem(text)

    def _see(self, _: object) -> None:
        self._seen_picture = True

    def _fault(self, fault: m.Fault) -> None:
        self._problem(fault.text)

    def _problem(self, text: str) -> None:
        self.summary.problems.append(text)

    # ── what is left ─────────────────────────────────────────────────────────────────────────────────────────────

    def _shoot(self, name: str) -> None:
        path = self._folder / f"{name}.png"
        if self._desk.window.grab().save(str(path)):
            self.summary.screenshots.append(path.name)
        else:
            self._problem(f"The screenshot {path} could not be written.")

    def _say(self, text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def _end(self) -> None:
        self._timer.stop()
        self.summary.seconds = round(time.monotonic() - self._began, 1)
        (self._folder / "summary.json").write_text(json.dumps(asdict(self.summary), indent=2))
        for line in self.report():
            self._say(line)
        self._finish(0 if self.summary.complete else 1)

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
        if not done.complete:
            lines.append("Not all of it happened.")
        return lines


def _share(each: dict[str, Any], which: str) -> str:
    low, high = each[f"{which}_interval"]
    return f"{each[f'{which}_successes']} [{100 * low:.0f}–{100 * high:.0f} %]"
