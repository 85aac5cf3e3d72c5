"""Balanced accuracy against how early a takeover is announced.

Late announcements are easy and of little use, so one figure hides what matters. Thresholds are chosen on other episodes
than those they are judged on: a threshold that is tuned on its own test episodes inflates the score.
"""

import math
from dataclasses import dataclass

import numpy as np

from mile_desktop.arrays import BoolArray, Float64Array, IntArray

LEADS_S = (0.05, 0.25, 0.5, 1.0, 1.5, 2.0)
"""How early, in seconds before the takeover."""
CALM_S = 2.0
"""A step counts as calm if no takeover follows within so many seconds."""
_FOLDS = 5


@dataclass(frozen=True, slots=True)
class EarlyAccuracy:
    """How well an alarm separates takeovers from calm steps, if it has to come so early."""

    lead_s: float
    balanced_accuracy: float
    """Mean of the two shares below; a constant has 0.5."""
    announced: float
    """Share of the takeovers before which the alarm was on for at least ``lead_s`` without a break."""
    calm: float
    """Share of the calm steps without an alarm."""
    takeovers: int
    """Those before which the robot had driven for so long."""


@dataclass(frozen=True, slots=True, eq=False)
class _Units:
    """Values above which an alarm would have been raised, with their episodes."""

    value: Float64Array
    episode: IntArray

    def of(self, chosen: BoolArray) -> Float64Array:
        return self.value[chosen]


def early_accuracy(
    probability: Float64Array, intervention: BoolArray, episode: IntArray, *, rate_hz: float = 20.0
) -> tuple[EarlyAccuracy, ...]:
    """Return the balanced accuracy at each lead of ``LEADS_S``; leads without a takeover or a calm step are left out.

    For each fifth of the episodes the threshold is used that is best on the other four.

    Parameters
    ----------
    probability, intervention, episode : numpy.ndarray
        float64[t], bool[t] and int64[t], steps in order; ``probability`` may be NaN where nothing was predicted.
    """
    calm = _calm_steps(probability, intervention, episode, round(CALM_S * rate_hz))
    scores = []
    for lead_s in LEADS_S:
        takeovers = _run_ups(probability, intervention, episode, max(1, round(lead_s * rate_hz)))
        if len(takeovers.value) and len(calm.value):
            announced, quiet = _cross_validated(takeovers, calm)
            scores.append(EarlyAccuracy(lead_s, (announced + quiet) / 2, announced, quiet, len(takeovers.value)))
    return tuple(scores)


def _run_ups(probability: Float64Array, intervention: BoolArray, episode: IntArray, steps: int) -> _Units:
    """Return for each takeover the least probability of the ``steps`` autonomous steps directly before it."""
    values, episodes = [], []
    # The first step of an episode has no step before it, and the last step of another episode is none.
    begins = intervention & ~np.concatenate(([False], intervention[:-1] & (episode[1:] == episode[:-1])))
    for onset in np.flatnonzero(begins).tolist():
        before = slice(onset - steps, onset)
        if onset >= steps and (episode[before] == episode[onset]).all() and not intervention[before].any():
            # The least value decides, because the alarm has to stay on for the whole time.
            least = float(probability[before].min())  # NaN where a step has no prediction: never announced
            values.append(-math.inf if math.isnan(least) else least)
            episodes.append(int(episode[onset]))
    return _Units(np.array(values), np.array(episodes, dtype=np.int64))


def _calm_steps(probability: Float64Array, intervention: BoolArray, episode: IntArray, within: int) -> _Units:
    calm = ~intervention & np.isfinite(probability)
    for each in np.unique(episode):
        rows = np.flatnonzero(episode == each)
        for onset in rows[intervention[rows]].tolist():
            calm[max(onset - within, rows[0]) : onset] = False
    return _Units(probability[calm], episode[calm])


def _cross_validated(takeovers: _Units, calm: _Units) -> tuple[float, float]:
    """Return the share of announced takeovers and of quiet calm steps, each judged by a threshold of other episodes."""
    names = np.unique(np.concatenate((takeovers.episode, calm.episode)))
    announced = quiet = 0
    for fold in range(min(_FOLDS, len(names))):
        # Every fifth name, which spreads the episodes of one policy over all parts.
        held = names[fold::_FOLDS]
        here, calm_here = np.isin(takeovers.episode, held), np.isin(calm.episode, held)
        # Chosen on the other episodes only, see the docstring of the module.
        threshold = _best_threshold(takeovers.of(~here), calm.of(~calm_here))
        announced += int((takeovers.of(here) >= threshold).sum())
        quiet += int((calm.of(calm_here) < threshold).sum())
    return announced / len(takeovers.value), quiet / len(calm.value)


def _best_threshold(takeovers: Float64Array, calm: Float64Array) -> float:
    """Return the threshold with the best balanced accuracy; infinity, no alarm ever, where nothing is known."""
    # Only values that occur can change the number of announced takeovers.
    tried = np.unique(takeovers[np.isfinite(takeovers)])
    if not len(tried) or not len(calm):
        return math.inf
    announced = (takeovers[:, None] >= tried).mean(0)
    quiet = np.searchsorted(np.sort(calm), tried, side="left") / len(calm)
    return float(tried[np.argmax(announced + quiet)])
