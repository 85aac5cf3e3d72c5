"""A person who steps in when the robot gets nowhere, fitted to recorded takeovers.

The model has four numbers. Progress is measured over k steps. Where it is below δ, a takeover comes with one rate, and
elsewhere with another one. Q-OIL (anonymous submission to CoRL 2026) finds that people act like this: the value of the
robot's action is the same at takeovers and elsewhere, but progress over several steps is not.
"""

import math
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import torch

from mile_desktop.arrays import BoolArray, Float64Array, IntArray
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.strata import supervised_rows

Measure = Literal["motion", "time to go"]
"""What progress is: how far the scene has changed, or by how much the time to go has fallen."""

WINDOWS = (5, 10, 20, 40)
"""Tried values of k: from 0.25 s to 2 s at 20 Hz."""
_QUANTILES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
"""Tried values of δ, as quantiles of the progress that was recorded."""
_PRIOR = 2.0  # imagined steps with the mean rate on either side of δ: keeps both rates away from 0 and 1
_NEIGHBOURS = 5
MOST_REFERENCES = 6000
"""More are thinned out evenly. Every step is compared with every reference, so that without a bound the time would grow
with the square of what was recorded."""
_CHUNK = 1024  # rows compared with all references at once: bounds the memory, and how long a cancel waits
_STILL = 1e-3
"""An entry of the observation with a smaller range in an episode does not move (m, rad, m/s)."""


@dataclass(frozen=True, slots=True)
class StallModel:
    """Rates of a takeover with and without progress."""

    measure: Measure
    steps: int
    """k."""
    least_progress: float
    """δ. For ``motion``: net change over k steps as a share of each entry's range in the episode, root mean square over
    the entries that have moved. For ``time to go``: by how many steps the time to go fell, divided by k; 1 is as fast
    as in the successful episodes."""
    stalled_rate: float
    """Share of the steps below δ at which it happened."""
    other_rate: float
    """Share of the other steps."""
    log_likelihood: float
    """Mean per training step."""

    def predict(self, progress: Float64Array) -> Float64Array:
        """Return the probability at each step from its progress, float64[t]; infinite where the window is not full."""
        return np.where(progress < self.least_progress, self.stalled_rate, self.other_rate)


@dataclass(frozen=True, slots=True, eq=False)
class StallPrediction:
    """What the fitted model says of other episodes."""

    model: StallModel
    probability: Float64Array
    """float64[t] over the test steps."""


class StallFit:
    """Fits stall models to ``train`` that predict ``test``, each for another question.

    Looking up the time to go takes nearly all of the time, so it is done once for all questions.

    Parameters
    ----------
    train, test : SupervisedSteps
        Whole episodes: progress needs the steps before. Time to go is learned from the successful episodes and the
        demonstrations of ``train``; an episode never informs about itself.
    """

    def __init__(self, train: SupervisedSteps, test: SupervisedSteps) -> None:
        self._train, self._test = train, test
        self._left: dict[Measure, tuple[Float64Array, Float64Array] | None] = {"motion": None}
        references = _References(train)
        if references.enough:
            self._left["time to go"] = references.time_to_go(train), references.time_to_go(test)

    def fit(self, asked: BoolArray, happened: BoolArray) -> StallPrediction:
        """Fit k, δ and both rates by maximum likelihood over a grid, and predict the test steps.

        ``asked`` and ``happened`` are bool[t] over the training steps: rows to fit to, and what happened there.
        """
        models = [
            _best_threshold(measure, k, _progress(self._train, known and known[0], k)[asked], happened[asked])
            for (measure, known), k in product(self._left.items(), WINDOWS)
        ]
        # The likelihoods are means over the same rows, so they compare between windows.
        model = max(models, key=lambda each: each.log_likelihood)
        known = self._left[model.measure]
        return StallPrediction(model, model.predict(_progress(self._test, known and known[1], model.steps)))


def _best_threshold(measure: Measure, k: int, progress: Float64Array, happened: BoolArray) -> StallModel:
    """Return the most likely model of one window; a stall never makes a takeover less likely."""
    full = np.isfinite(progress)
    rate = float(happened.mean())
    alone = _log_likelihood(happened, np.full(len(happened), rate))
    # k, δ and a second rate are paid for as in the Bayesian information criterion, or a few steps would decide
    best = StallModel(measure, k, -math.inf, rate, rate, alone)
    least_gain = 1.5 * math.log(len(happened)) / len(happened)
    for least in np.unique(np.quantile(progress[full], _QUANTILES)) if full.any() else ():
        stalled = progress < least
        # The prior keeps a rate of 0 or 1 from a handful of steps from deciding everything.
        low, high = (
            (float(happened[part].sum()) + _PRIOR * rate) / (int(part.sum()) + _PRIOR) for part in (~stalled, stalled)
        )
        likelihood = _log_likelihood(happened, np.where(stalled, high, low))
        if high > low and likelihood > max(best.log_likelihood, alone + least_gain):
            best = StallModel(measure, k, float(least), high, low, likelihood)
    return best


def _log_likelihood(happened: BoolArray, probability: Float64Array) -> float:
    p = np.clip(probability, 1e-9, 1 - 1e-9)
    return float(np.where(happened, np.log(p), np.log1p(-p)).mean())


# ── progress ─────────────────────────────────────────────────────────────────────────────────────────────────────


class _References:
    """Steps of successful episodes, whose time to go is known; looked up by the nearest ones in observation space."""

    def __init__(self, train: SupervisedSteps) -> None:
        known = (train.success | train.demonstration).nonzero()[:, 0]
        # ``-(-a // b)`` rounds up: there are never more than the limit.
        known = known[:: max(1, -(-len(known) // MOST_REFERENCES))]
        self._mean, self._scale = train.observation.mean(0), train.observation.std(0).clamp(min=1e-3)
        last = torch.zeros(len(train.episode_ids), dtype=torch.int64).scatter_reduce_(
            0, train.episode, train.step, "amax"
        )
        self._observation = self._standardised(train.observation[known])
        self._left = (last[train.episode] - train.step)[known].double()
        self._episode = [train.episode_ids[each] for each in train.episode[known].tolist()]
        self._numbers = {name: number for number, name in enumerate(dict.fromkeys(self._episode))}
        self._number = torch.tensor([self._numbers[name] for name in self._episode], dtype=torch.int64)

    @property
    def enough(self) -> bool:
        """Whether two episodes ended well, so that one is left for each step of the other."""
        return len(self._numbers) > 1

    def time_to_go(self, steps: SupervisedSteps) -> Float64Array:
        """Return the mean time to go of the nearest reference steps of other episodes, float64[t], in steps."""
        own = torch.tensor([self._numbers.get(name, -1) for name in steps.episode_ids])[steps.episode]
        parts = [
            self._look_up(observation, number)
            for observation, number in zip(
                torch.split(steps.observation, _CHUNK), torch.split(own, _CHUNK), strict=True
            )
        ]
        found: Float64Array = torch.cat(parts).numpy()
        return found

    def _look_up(self, observation: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
        distance = torch.cdist(self._standardised(observation), self._observation)
        # A step of the same episode would be the nearest one and would know how the episode ended.
        distance = distance.masked_fill(own[:, None] == self._number, math.inf)
        nearest = distance.topk(min(_NEIGHBOURS, distance.shape[1]), largest=False).indices
        return self._left[nearest].mean(1)

    def _standardised(self, observation: torch.Tensor) -> torch.Tensor:
        return (observation - self._mean) / self._scale


def _progress(steps: SupervisedSteps, left: Float64Array | None, k: int) -> Float64Array:
    """Return the progress over the last ``k`` steps, float64[t]; infinite where the robot has driven for fewer.

    The window begins again after a takeover: a person who has just helped judges the robot by what it does alone.
    ``left``: time to go, float64[t]; None measures motion.
    """
    result = np.full(len(steps), np.inf)
    observation = steps.observation.double().numpy()
    episode, taken = steps.episode.numpy(), steps.intervention.numpy()
    for number in np.unique(episode[supervised_rows(steps).numpy()]):
        rows = np.flatnonzero(episode == number)
        ready = rows[_driven_for(taken[rows]) >= k]
        if left is not None:
            result[ready] = (left[ready - k] - left[ready]) / k
        else:
            result[ready] = _motion(observation[rows], ready - rows[0], k)
    return result


def _driven_for(taken: BoolArray) -> IntArray:
    """Return for each step of an episode since how many steps the robot has driven, int64[t]."""
    place = np.arange(len(taken))
    # The first step after a takeover starts the count again.
    after = np.concatenate(([0], np.where(taken[:-1], place[1:], 0)))
    return place - np.maximum.accumulate(after)


def _motion(observation: Float64Array, ready: IntArray, k: int) -> Float64Array:
    extent = np.maximum.accumulate(observation)[ready] - np.minimum.accumulate(observation)[ready]
    moved = extent > _STILL
    # Divided by 1 where nothing moves, instead of a warning and NaN.
    change = np.where(moved, (observation[ready] - observation[ready - k]) / np.where(moved, extent, 1.0), 0.0)
    share: Float64Array = np.sqrt((change**2).sum(1) / np.maximum(moved.sum(1), 1))
    return share
