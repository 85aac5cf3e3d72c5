"""What the Learn panel says, as values and sentences; no Qt and no torch."""

import json
from dataclasses import dataclass, field, fields
from enum import StrEnum

from mile_desktop.evaluation.statistics import p_text
from mile_desktop.learning.progress import (
    AnyRunEvent,
    Cancelled,
    Compared,
    Failed,
    Finished,
    Progress,
    Trained,
    Warned,
)
from mile_desktop.ui.widgets.dates import time_text

FEW_TAKEOVERS = 5
"""With fewer a retrained policy usually got worse (``method.md``, trap 7)."""
MAX_CURVE_POINTS = 2000

STAGES: dict[str, str] = {
    "data": "Reading episodes",
    "policy": "Training the policy",
    "intervention": "Training the intervention model",
    "evaluation": "Comparing before and after",
}


@dataclass(frozen=True, slots=True)
class Method:
    """One learning method as people choose it."""

    name: str
    """Command-line name."""
    title: str
    summary: str


METHODS: tuple[Method, ...] = (
    Method("mile", "MILE", "Learns from your corrections and from when you stayed silent."),
    Method("bc", "Behaviour cloning", "Imitates everything that was executed."),
    Method("hg-dagger", "HG-DAgger", "Imitates your corrections only."),
    Method("iwr", "IWR", "Imitates corrections and the rest at half the weight each."),
    Method("sirius", "Sirius", "Imitates corrections most and what led to them least."),
    Method("mile-iwr", "MILE + IWR", "Imitates like IWR and learns from when you stayed silent."),
    Method("rlif", "RLIF", "Avoids what made you take over, by reinforcement learning."),
)
"""The trainer's own list, repeated because that one imports torch; a test holds them together."""

MENTAL_MODELS: tuple[tuple[str, str], ...] = (
    ("frozen", "frozen: the policy that ran (default)"),
    ("joint", "joint, anchored"),
    ("published", "joint, as published"),
)


SCHEDULES: tuple[tuple[str, str], ...] = (("cosine", "falling (cosine)"), ("constant", "constant"))

_FOR_SILENCE = frozenset({"mental_model", "balance"})
_FOR_IMITATION = frozenset({"schedule", "held_out", "tripwire"})


def unused_settings(method: str) -> frozenset[str]:
    """Return the names of the settings that mean nothing to ``method``."""
    unused = frozenset(() if method == "mile" else {"silence", "follow_through"})
    if method not in {"mile", "mile-iwr"}:
        unused |= _FOR_SILENCE | (frozenset() if method == "rlif" else {"warm_up"})
    return unused | _FOR_IMITATION if method == "rlif" else unused


@dataclass(frozen=True, slots=True)
class LearnSummary:
    """What there is to learn from."""

    episodes: int
    steps: int
    takeovers: int
    human_steps: int
    demonstrations: int
    """Anchors: episodes of a person or of the expert that stay in every batch."""
    new_episodes: int
    """Recorded since the running policy was trained."""
    policy_name: str
    simulated: bool = True
    """Whether policies can be compared on fixed starts: not for the task of a robot."""

    def lines(self) -> tuple[str, ...]:
        """Return one sentence for each thing there is."""
        return (
            f"{_count(self.episodes, 'episode')} · {_grouped(self.steps)} steps",
            f"{_count(self.takeovers, 'takeover')} · {_grouped(self.human_steps)} steps by you",
            f"{_count(self.demonstrations, 'demonstration')} kept as anchors",
            f"{self.new_episodes} new since {self.policy_name}",
        )

    def warnings(self) -> tuple[str, ...]:
        """Return what should be known before training."""
        found = []
        if self.episodes and self.takeovers < FEW_TAKEOVERS:
            found.append(
                f"Only {_count(self.takeovers, 'takeover')}: with fewer than {FEW_TAKEOVERS} a retrained policy "
                "usually gets worse."
            )
        if not self.demonstrations:
            found.append("No demonstrations to anchor on: the policy may forget what it could do.")
        return tuple(found)

    @property
    def can_train(self) -> bool:
        """Whether there is anything to learn from."""
        return self.episodes > 0


@dataclass(frozen=True, slots=True)
class Settings:
    """What a training run is asked for; the defaults are the trainer's own (a test holds them together)."""

    method: str = "mile"
    mental_model: str = "frozen"
    epochs: int = 80
    batch: int = 256
    balance: float = 0.1
    """λ: weight of the intervention likelihood against the imitation of corrections, in [0, 1]."""
    learning_rate: float = 5e-4
    anchor_share: float = 0.5
    """Share of each batch that comes from demonstrations, in [0, 0.95]."""
    silence: float = 0.0
    """Weight of imitating the robot where nobody stepped in; MILE only."""
    follow_through: int = 10
    """Steps from the beginning of a takeover on that count as the human's; MILE only."""
    warm_up: float = 0.25
    """Share of the epochs that only imitate (RLIF: only judge)."""
    schedule: str = "cosine"
    gradient_limit: float = 10.0
    held_out: float = 0.1
    """Share of the episodes that are held back."""
    tripwire: float = 1.5
    """Growth of the error on old episodes that counts as forgetting."""
    ensemble: int = 8
    """Members of the intervention model."""
    fit_epochs: int = 40
    seed: int = 0
    evaluation_episodes: int = 20
    """Fixed starts on which before and after are compared; 0 leaves the comparison out."""

    def as_dict(self) -> dict[str, object]:
        """Return the settings as JSON-representable values."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def arguments(self) -> list[str]:
        """Return the settings as arguments of ``mile-desktop train``."""
        named = {name: value for name, value in self.as_dict().items() if name not in {"method", "evaluation_episodes"}}
        evaluate = str(self.evaluation_episodes)
        return ["--method", self.method, "--settings", json.dumps(named), "--evaluate", evaluate]


class RunState(StrEnum):
    """What the panel shows."""

    READY = "ready"
    RUNNING = "running"
    CANCELLING = "cancelling"
    DONE = "done"
    """The result waits for the person's word."""
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
    warnings: list[str] = field(default_factory=list)
    trained: Trained | None = None
    compared: Compared | None = None
    failure: str = ""
    evaluating_more: bool = False
    """The run is over and the comparison is being made again with more episodes."""

    def apply(self, event: AnyRunEvent) -> None:
        """Take in one line of the run's log."""
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
                if self.trained is None:
                    self.trained = Trained(policy=event.policy, method=event.method, loss=event.loss)
            case Cancelled():
                self.state = RunState.CANCELLED
            case Failed(text=text):
                self.state, self.failure = RunState.FAILED, text

    def _progress(self, event: Progress) -> None:
        if not self.running:
            self.evaluating_more = self.state is RunState.DONE
            self.state, self.fraction = RunState.RUNNING, 0.0
        self.fraction = max(self.fraction, event.fraction)
        self.seconds_left = event.seconds_left
        self.stage = STAGES.get(event.stage, event.stage)
        self.text = event.text
        for name, value in event.losses.items():
            curve = self.curves.setdefault(name, [])
            if not curve or event.epoch > curve[-1][0]:
                curve.append((float(event.epoch), value))
                if len(curve) > MAX_CURVE_POINTS:
                    del curve[1::2]

    @property
    def running(self) -> bool:
        """Whether the run goes on."""
        return self.state in {RunState.RUNNING, RunState.CANCELLING}

    def progress_text(self) -> str:
        """Return ``62 % · 40 s left · Training the policy``."""
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
    """Return the paired difference with its interval and what was left out."""
    low, high = (round(100 * edge) for edge in compared.difference_interval)
    text = f"{round(100 * compared.difference):+d} points [{low:+d} … {high:+d}] on the same {compared.episodes} seeds"
    if compared.p_value is not None:
        text += f", {p_text(compared.p_value)} (exact McNemar)"
    return f"{text}; {_count(compared.crashes, 'crash', 'crashes')} left out" if compared.crashes else text


def _count(number: int, word: str, plural: str = "") -> str:
    return f"{_grouped(number)} {word if number == 1 else plural or word + 's'}"


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
