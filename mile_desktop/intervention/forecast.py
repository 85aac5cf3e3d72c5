"""The forecast (ours): how likely a takeover is within the next ten steps.

A logistic over signals that are each oriented so that larger is worse, with weights ≥ 0: it can ignore a signal, but
not turn it round, which is what plain classifiers do to a robot they have not seen.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import torch

from mile_desktop.intervention.ensemble import StackedMlp

FORECAST_MEMBERS = 3
"""Each leaves out a third of the episodes, so that every episode has one member that has not seen it."""

FORECAST_HIDDEN = (64, 64)

SIGNALS = (
    "log-odds of p",
    "onset classifier",
    "gathered log-odds",
    "stalled progress",
    "ensemble disagreement",
    "nearness to corrected states",
    "elapsed time",
    "takeovers so far",
    "recent release",
)
"""Inputs of the forecast, in the order of its weights."""

SIGNAL_KINDS = ("p", "onset", "gathered", "stalled", "disagreement", "near", "elapsed", "takeovers", "release")
"""The same signals as kinds of ``storage.reasons.Reason``."""

LOG_ODDS_LIMIT = 8.0
STEPS_PER_UNIT = 100.0
"""Time to go and elapsed time are counted in hundreds of steps."""

_RETENTION = 0.9  # of the gathered log-odds, per step: half is forgotten in seven steps
_PROGRESS_STEPS = 10
_RECENT_STEPS = 20.0
_LEAST_PROGRESS = 0.3 / STEPS_PER_UNIT
"""Progress is a fall of the time to go by at least a third of a step; the network's trembling is less."""
_SIGNAL_LIMIT = 4.0  # standard deviations beyond which a signal says no more
NEAREST = 3
LEAST_DISTANCE = 1e-2
"""So many corrected states count, and no distance below this one."""


class ForecastScore(msgspec.Struct, frozen=True, kw_only=True):
    """How well the forecast did on episodes its parts had not seen."""

    steps: int
    rate: float
    brier: float
    brier_constant: float
    auroc: float
    phase_matched_auroc: float | None
    """None where no phase held both kinds."""
    recall: float | None
    """Share of takeovers that were announced at one half; None where there were none."""

    @property
    def beats_constant(self) -> bool:
        """Whether ranking and Brier score are both better than those of the constant."""
        return self.auroc > 0.5 and self.brier < self.brier_constant


class ForecastConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What ``config.json`` of an intervention model says about its forecast."""

    inputs: int
    """Entries of observation and proposal together."""
    observation_size: int
    corrected: tuple[str, ...]
    """The episode of each remembered state in which a takeover began."""
    corrected_steps: tuple[int, ...] = ()
    """Step of each of them in its episode; empty in models from before it was kept."""
    bias: float
    weights: tuple[float, ...]
    """≥ 0, one a signal."""
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    """Means of the signals at the steps at which nobody was needed (in models of earlier versions, at all steps), and
    standard deviations at all steps."""
    score: ForecastScore | None = None
    takeovers: int = 0
    """Human takeovers it was fitted to; 0 for a shipped one."""
    episode_ids: tuple[str, ...] = ()
    left_out: tuple[tuple[str, ...], ...] = ((),) * FORECAST_MEMBERS
    """Episodes the networks were fitted to, and which of them each member has not seen."""
    hidden: tuple[int, ...] = FORECAST_HIDDEN


@dataclass(frozen=True, slots=True, eq=False)
class StateSignals:
    """Signals that need a single step only, [t] each; the rest needs their order."""

    log_odds: torch.Tensor
    onset: torch.Tensor
    time_to_go: torch.Tensor
    """In units of ``STEPS_PER_UNIT``."""
    disagreement: torch.Tensor
    nearness: torch.Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """The parts of a fitted forecast."""

    config: ForecastConfig
    onset: StackedMlp
    """Observation and proposal → log-odds of a takeover soon, one a member."""
    progress: StackedMlp
    """Observation → time to go to success, one a member."""
    corrected: torch.Tensor
    """float32[c, n], standardised observations at which a takeover began."""

    def probability(self, signals: list[float]) -> float:
        """Return the probability of a takeover within the horizon from the signals of one step."""
        return self.probability_of(self.contributions(signals))

    def probability_of(self, contributions: Sequence[float]) -> float:
        """Return the probability from what each signal adds to the log-odds."""
        total = sum(contributions, self.config.bias)
        # Cut before the exponential, which would overflow.
        return 1 / (1 + math.exp(-min(max(total, -30.0), 30.0)))

    def contributions(self, signals: Sequence[float]) -> list[float]:
        """Return what each signal adds to the log-odds; 0 where it is as usual while nobody is needed."""
        config = self.config
        return [
            weight * min(max((signal - centre) / scale, -_SIGNAL_LIMIT), _SIGNAL_LIMIT)
            for signal, weight, centre, scale in zip(signals, config.weights, config.centre, config.scale, strict=True)
        ]

    def network_outputs(
        self, observation: torch.Tensor, proposal: torch.Tensor, asked: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return onset log-odds and time to go, [t] each.

        Parameters
        ----------
        observation, proposal : torch.Tensor
            float32[t, n] and float32[t, a], the mean of the policy that runs.
        asked : torch.Tensor or None
            bool[members, t], whose word counts.
        """
        onset = self.onset(torch.cat((observation, proposal), -1))[..., 0]
        progress = self.progress(observation)[..., 0]
        if asked is None:
            return onset.mean(0), progress.mean(0)
        count = asked.sum(0)
        return (onset * asked).sum(0) / count, (progress * asked).sum(0) / count

    def nearness(self, observation: torch.Tensor, excluded: torch.Tensor | None = None) -> torch.Tensor:
        """Return minus the logarithm of the mean distance to the nearest corrected states, [t].

        ``excluded``: bool[t, c], corrected states that must not count (those of the same episode).
        """
        # In standardised units: entries in metres and radians would not be comparable otherwise.
        distance = torch.cdist(self.progress.standardised(observation), self.corrected)
        if excluded is not None:
            distance = distance.masked_fill(excluded, math.inf)
        # Several and not only the nearest: a single odd takeover must not raise the alarm around it.
        nearest = distance.topk(min(NEAREST, distance.shape[1]), largest=False).values
        finite = torch.isfinite(nearest)
        mean = torch.where(finite, nearest, 0.0).sum(1) / finite.sum(1)
        # a state that nothing may be compared with is as far as the farthest
        mean = torch.where(finite.any(1), mean, torch.tensor(math.sqrt(observation.shape[1]) * 2))
        return -mean.clamp(min=LEAST_DISTANCE).log()


class SignalTracker:
    """Turns the signals of single steps into the signals of a running episode; O(1) a step, owned by one thread."""

    def __init__(self) -> None:
        # One more than the number of steps: the difference needs both ends.
        self._past_progress: deque[float] = deque(maxlen=_PROGRESS_STEPS + 1)
        self.reset()

    def reset(self) -> None:
        """Begin a new episode."""
        self._past_progress.clear()
        self._gathered: float | None = None
        self._elapsed = self._takeovers = 0
        self._since_release = math.inf
        self._was_intervening = False
        self._best_time_to_go = math.inf
        self._without_progress = 0

    @property
    def steps_without_progress(self) -> int:
        """For how many steps the time to go has not fallen below its best value since the robot got control."""
        return self._without_progress

    @property
    def takeovers(self) -> int:
        """Takeovers in this episode so far."""
        return self._takeovers

    @property
    def steps_since_release(self) -> float:
        """Steps since a person let go; infinite where none has driven."""
        return self._since_release

    def step(
        self,
        log_odds: float,
        onset: float,
        time_to_go: float,
        disagreement: float,
        nearness: float,
        *,
        intervening: bool,
    ) -> list[float]:
        """Return the signals in the order of ``SIGNALS``; ``intervening``: the previous step was the operator's."""
        self._note_history(intervening)
        self._note_progress(time_to_go, intervening=intervening)
        # The first value starts the average. From 0 it would rise only slowly.
        gathered = log_odds if self._gathered is None else _RETENTION * self._gathered + (1 - _RETENTION) * log_odds
        self._gathered = gathered
        self._past_progress.append(time_to_go)
        steps = len(self._past_progress) - 1
        # Time to go should fall by the elapsed time, but not below 0. What is missing is the stall. Without the 0 every
        # success seemed to stall in its last half second.
        stalled = time_to_go - max(self._past_progress[0] - steps / STEPS_PER_UNIT, 0.0)
        signals = [
            log_odds,
            onset,
            gathered,
            stalled,
            disagreement,
            nearness,
            self._elapsed / STEPS_PER_UNIT,
            float(self._takeovers),
            math.exp(-self._since_release / _RECENT_STEPS),
        ]
        # After the signals: the first step has elapsed time 0.
        self._elapsed += 1
        return signals

    def _note_progress(self, time_to_go: float, *, intervening: bool) -> None:
        if intervening or time_to_go < self._best_time_to_go - _LEAST_PROGRESS:
            self._best_time_to_go, self._without_progress = time_to_go, 0
        else:
            self._without_progress += 1

    def _note_history(self, intervening: bool) -> None:
        if intervening and not self._was_intervening:
            self._takeovers += 1
        self._since_release = 0.0 if intervening else self._since_release + 1
        self._was_intervening = intervening


def disagreement(means: torch.Tensor, asked: torch.Tensor) -> torch.Tensor:
    """Return how far the members asked differ, [t]: the root mean variance of their means float32[members, t, a]."""
    weight = asked[..., None].to(means.dtype)
    count = weight.sum(0)
    centre = (means * weight).sum(0) / count
    # Unbiased, so that an ensemble of three and one of eight compare.
    variance = ((means - centre).square() * weight).sum(0) / (count - 1).clamp(min=1)
    return variance.mean(-1).sqrt()


def build_forecast_networks(config: ForecastConfig) -> tuple[StackedMlp, StackedMlp]:
    """Make untrained networks of the described sizes; ``ValueError`` where they are impossible."""
    onset = StackedMlp(FORECAST_MEMBERS, config.inputs, 1, config.hidden)
    progress = StackedMlp(FORECAST_MEMBERS, config.observation_size, 1, config.hidden)
    return onset, progress
