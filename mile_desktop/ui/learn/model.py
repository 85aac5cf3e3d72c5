"""The values and sentences of the Learn panel; no Qt and no torch."""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from mile_desktop.evaluation.statistics import p_text, points_text, range_text
from mile_desktop.learning.data_hygiene import TakeoverPlace
from mile_desktop.learning.method_info import FEW_TAKEOVERS
from mile_desktop.learning.progress import (
    AnyRunEvent,
    Cancelled,
    Compared,
    Failed,
    Finished,
    PairedSoFar,
    Progress,
    Trained,
    Warned,
)
from mile_desktop.learning.settings import (
    EVALUATION_EPISODES,
    MOST_EVALUATION_EPISODES,
    TrainingSettings,
    settings_to_json,
)
from mile_desktop.ui.widgets.dates import time_text

MAX_CURVE_POINTS = 2000

Side = Literal["before", "after"]

STAGES: dict[str, str] = {
    "data": "Reading episodes",
    "policy": "Training the policy",
    "intervention": "Training the intervention model",
    "evaluation": "Comparing before and after",
}


@dataclass(frozen=True, slots=True)
class LearnSummary:
    """The recorded data of a scene, counted."""

    episodes: int
    steps: int
    takeovers: int
    human_steps: int
    """Steps of takeovers, by a person or by a simulated supervisor."""
    demonstrations: int
    """Anchors: episodes of a person or of the expert that stay in every batch."""
    new_episodes: int
    """Recorded since the running policy was trained."""
    policy_name: str
    simulated: bool = True
    """Whether policies can be compared on fixed starts: not for the task of a robot."""
    simulated_takeovers: int = 0
    """Those of ``takeovers`` that a simulated supervisor began."""
    simulated_steps: int = 0
    """Those of ``human_steps`` that it drove."""

    def lines(self) -> tuple[str, ...]:
        """Return one line for each kind of data."""
        return (
            f"{_count(self.episodes, 'episode')} · {_grouped(self.steps)} steps",
            self._takeover_line(),
            f"{_count(self.demonstrations, 'demonstration')} replayed in training",
            f"{self.new_episodes} new since {self.policy_name}",
        )

    def _takeover_line(self) -> str:
        """Return takeovers of a person and of a simulated supervisor apart; the usual case names no one."""
        if not self.takeovers:
            return "no takeovers yet"
        person = _takeovers(self.takeovers - self.simulated_takeovers, self.human_steps - self.simulated_steps)
        if not self.simulated_takeovers:
            return person
        simulated = f"{_takeovers(self.simulated_takeovers, self.simulated_steps)} by a simulated supervisor"
        return simulated if self.takeovers == self.simulated_takeovers else f"{person} by a person · {simulated}"

    def warnings(self) -> tuple[str, ...]:
        """Return warnings that should be read before a training."""
        found = []
        if self.episodes and self.takeovers < FEW_TAKEOVERS:
            found.append(f"{_few(self.takeovers)}: with fewer than {FEW_TAKEOVERS} a retrained policy can get worse.")
        if not self.demonstrations:
            found.append("No demonstrations to replay: the policy may forget what it could do.")
        return tuple(found)

    @property
    def can_train(self) -> bool:
        """Whether there is anything to learn from."""
        return self.episodes > 0


@dataclass(frozen=True, slots=True)
class RetrainRequest:
    """What a person asked for by pressing Retrain."""

    settings: TrainingSettings = field(default_factory=TrainingSettings)
    evaluation_episodes: int = EVALUATION_EPISODES
    """Fixed starts on which before and after are compared; 0 leaves the comparison out."""
    evaluation_at_most: int = MOST_EVALUATION_EPISODES
    """The comparison grows up to so many starts as long as a loss is still possible."""
    left_out: tuple[TakeoverPlace, ...] = ()
    """Takeovers that the policy does not learn from."""
    generated: bool = False
    """It also learns from generated episodes."""
    shifted: bool = False
    """It also learns from episodes under a shift."""
    operator_names: tuple[str, ...] = ()
    """Whose episodes it learns from; empty: everyone's."""

    def arguments(self) -> list[str]:
        """Return the request as arguments of ``mile-desktop train``."""
        values = settings_to_json(self.settings)
        method = str(values.pop("method"))
        evaluate = str(self.evaluation_episodes)
        # The first number may be set higher than the limit; 0 means no comparison at all.
        at_most = str(max(self.evaluation_episodes, self.evaluation_at_most) if self.evaluation_episodes else 0)
        places = [word for each in self.left_out for word in ("--leave-out", f"{each.episode_id}:{each.row}")]
        wanted = ["--method", method, "--settings", json.dumps(values), "--evaluate", evaluate]
        further = [f"--{name}" for name in ("generated", "shifted") if getattr(self, name)]
        people = [word for each in self.operator_names for word in ("--operator-name", each)]
        return [*wanted, "--evaluate-at-most", at_most, *further, *people, *places]


class RunState(StrEnum):
    """What the panel shows."""

    READY = "ready"
    RUNNING = "running"
    CANCELLING = "cancelling"
    DONE = "done"
    """The result waits for a decision of the person."""
    USED = "used"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass
class RunModel:
    """Follows one training run by its events; owned by the window's thread."""

    state: RunState = RunState.READY
    fraction: float = 0.0
    text: str = ""
    stage: str = ""
    seconds_left: float | None = None
    curves: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """Loss name → (epoch, value), at most ``MAX_CURVE_POINTS`` each."""
    success: dict[Side, list[tuple[float, float]]] = field(default_factory=dict)
    """Before and after → (starts that both have finished, share of successes)."""
    warnings: list[str] = field(default_factory=list)
    trained: Trained | None = None
    compared: Compared | None = None
    failure: str = ""
    evaluating_more: bool = False
    """The run is over and the comparison is being made again with more episodes."""

    def apply(self, event: AnyRunEvent) -> None:
        """Update from one line of the run's log."""
        match event:
            case Progress():
                self._progress(event)
            case Warned(text=text):
                self.warnings.append(text)
            case Trained():
                self.trained = event
            case Compared():
                self.compared = event
                if self.evaluating_more:
                    self.state, self.evaluating_more = RunState.DONE, False
            case Finished():
                self.state, self.fraction = RunState.DONE, 1.0
                # A window that was opened later may have missed the event.
                if self.trained is None:
                    self.trained = Trained(policy=event.policy, method=event.method, loss=event.loss)
            case Cancelled() | Failed():
                self._break_off(event)

    def _break_off(self, event: Cancelled | Failed) -> None:
        failure = event.text if isinstance(event, Failed) else ""
        if self.evaluating_more:
            # The result is still there, and so is the decision about it.
            self.state, self.evaluating_more = RunState.DONE, False
            self.warnings += [failure] if failure else []
            return
        self.failure = failure
        self.state = RunState.FAILED if failure else RunState.CANCELLED

    def with_more(self) -> "RunModel":
        """Return a run that compares the result of this one on more starts."""
        return RunModel(
            state=RunState.RUNNING,
            trained=self.trained,
            compared=self.compared,
            success=self.success,
            evaluating_more=True,
        )

    def _progress(self, event: Progress) -> None:
        # The first progress after a result is the larger comparison that the person has asked for.
        if not self.running:
            self.evaluating_more = self.state is RunState.DONE
            self.state, self.fraction = RunState.RUNNING, 0.0
        # A bar that goes back would look like an error.
        self.fraction = max(self.fraction, event.fraction)
        self.seconds_left = event.seconds_left
        self.stage = STAGES.get(event.stage, event.stage)
        self.text = event.text
        for name, value in event.losses.items():
            curve = self.curves.setdefault(name, [])
            # The same epoch may come twice, and a curve must not go back in time.
            if not curve or event.epoch > curve[-1][0]:
                curve.append((float(event.epoch), value))
                if len(curve) > MAX_CURVE_POINTS:
                    # Every second point goes, so that the whole course stays visible with bounded memory.
                    del curve[1::2]
        if event.paired is not None and event.paired.starts:
            self._pairs(event.paired)

    def _pairs(self, paired: PairedSoFar) -> None:
        starts = paired.starts
        counts: tuple[tuple[Side, int], ...] = (("before", paired.before_successes), ("after", paired.after_successes))
        for side, successes in counts:
            points = self.success.setdefault(side, [])
            # A larger comparison begins with the starts that are known, so the curve goes on where it ended.
            if not points or starts > points[-1][0]:
                points.append((float(starts), successes / starts))

    @property
    def running(self) -> bool:
        """Whether the trainer works."""
        return self.state in {RunState.RUNNING, RunState.CANCELLING}

    def progress_text(self) -> str:
        """Return ``62 % · 40 s left · Training the policy``."""
        if not self.fraction and not self.stage:
            # Its process loads for some seconds before it reports anything.
            return f"Starting the {'comparison' if self.evaluating_more else 'training'} …"
        parts = [f"{self.fraction:.0%}".replace("%", " %")]
        if self.seconds_left is not None:
            parts.append(f"{time_text(self.seconds_left)} left")
        if self.state is RunState.CANCELLING:
            parts.append("cancelling")
        elif self.stage:
            parts.append(self.stage)
        return " · ".join(parts)


def share_text(successes: int, episodes: int, interval: tuple[float, float]) -> str:
    """Return ``14/20 = 70 % [48–85]``."""
    if not episodes:
        return "no episodes"
    low, high = (round(100 * edge) for edge in interval)
    return f"{successes}/{episodes} = {round(100 * successes / episodes)} % [{low}–{high}]"


def verdict(compared: Compared) -> str:
    """Return the suggestion and its reason in one sentence."""
    word = "Use it" if compared.suggestion == "use" else "Keep the old one"
    return f"{word}: {compared.reason}" if compared.reason else word


def difference_text(compared: Compared) -> str:
    """Return the paired difference with its interval and the number of crashes."""
    change = f"{points_text(compared.difference)} points {range_text(*compared.difference_interval)}"
    text = f"{change} on the same {compared.episodes} seeds"
    if compared.p_value is not None:
        text += f", {p_text(compared.p_value)} (exact McNemar)"
    return f"{text}; {_count(compared.crashes, 'crash', 'crashes')} left out" if compared.crashes else text


def _takeovers(takeovers: int, steps: int) -> str:
    return f"{_count(takeovers, 'takeover')} of {_grouped(steps)} steps"


def _few(takeovers: int) -> str:
    return f"Only {_count(takeovers, 'takeover')}" if takeovers else "No takeovers yet"


def _count(number: int, word: str, plural: str = "") -> str:
    return f"{_grouped(number)} {word if number == 1 else plural or word + 's'}"


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
