"""A band over time from a policy's own successes: calls for a policy that nobody has corrected yet.

Split conformal prediction over whole episodes: half of the successes give the usual course of the forecast and how much
it varies at each step, the other half say how far a success departs from it at most. As in FAIL-Detect (Xu et al. 2025,
arXiv 2503.08558, section III-C) with the one-sided band of Diquigiovanni, Fontana and Vantini (2022).
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from mile_desktop.arrays import Float64Array

WANTED_SHARE = 0.1
"""Share of the successes that may leave the band; with fewer than nine in the second half the share is larger."""
FEWEST_SUCCESSES = 6
"""Three for the course and three for the edge, of which one may leave it: a share of a quarter."""
_SMOOTHED_STEPS = 10
"""On either side. The same moment of a task comes up to half a second earlier or later from start to start."""
_LEAST_SPREAD = 0.3
"""Log-odds. At steps at which all successes agree, any difference would otherwise count as unusual."""
_LIMIT = 1e-4  # of a probability before its log-odds are taken


class SuccessBand(msgspec.Struct, frozen=True, kw_only=True):
    """The upper edge of the band, and what it was made from."""

    policy_id: str
    model_mark: str
    """Stands for the model whose forecast was followed; the band says nothing about another one."""
    number: str
    """The number that was followed: ``forecast``, or ``p`` where the model has no forecast."""
    successes: int
    share: float
    """At most this share of the successes leaves the band."""
    course: tuple[float, ...]
    spread: tuple[float, ...]
    """Mean and standard deviation at each step, log-odds."""
    departures: tuple[float, ...]
    """By how many spreads each success of the second half departed from the course at most, in ascending order."""

    @property
    def width(self) -> float:
        """Distance from the course to the edge, in spreads."""
        count = len(self.departures)
        return self.departures[min(count, math.ceil((1 - self.share) * (count + 1) - 1e-9)) - 1]

    def edge(self, step: int) -> float:
        """Return the highest usual probability at ``step``; beyond the longest success that of its last step."""
        place = min(step, len(self.course) - 1)
        return _probability(self.course[place] + self.width * self.spread[place])

    def below(self, step: int, probability: float) -> float:
        """Return the share of the successes that never departed as far from the course as ``probability`` does."""
        place = min(step, len(self.course) - 1)
        departure = (_log_odds(np.array([probability]))[0] - self.course[place]) / self.spread[place]
        return float(np.searchsorted(np.array(self.departures), departure)) / len(self.departures)


def fit_success_band(
    courses: Sequence[Float64Array], *, policy_id: str, model_mark: str, number: str
) -> SuccessBand | None:
    """Return the band of these successes, float64[t] each, in the order of their starts; None where they are too few.

    The next success of the same policy leaves it with a probability of at most ``share``, if its start is drawn as
    those of ``courses`` were.
    """
    if len(courses) < FEWEST_SUCCESSES:
        return None
    odds = [_log_odds(each) for each in courses]
    # Every second one, and not the first half: starts with neighbouring seeds are no more alike than others, but a
    # caller may have sorted them.
    shaping, judging = odds[::2], odds[1::2]
    longest = max(len(each) for each in shaping)
    course, spread = np.zeros(longest), np.zeros(longest)
    for step in range(longest):
        around = np.concatenate([each[max(0, step - _SMOOTHED_STEPS) : step + _SMOOTHED_STEPS + 1] for each in shaping])
        # Near the end of the longest success there may be no other one: its own values are the course there.
        course[step], spread[step] = around.mean(), max(float(around.std()), _LEAST_SPREAD)
    departures = sorted(_departure(each, course, spread) for each in judging)
    return SuccessBand(
        policy_id=policy_id,
        model_mark=model_mark,
        number=number,
        successes=len(courses),
        # The rank of the edge must not be beyond the number of departures.
        share=max(WANTED_SHARE, 1 / (len(departures) + 1)),
        course=tuple(course.tolist()),
        spread=tuple(spread.tolist()),
        departures=tuple(departures),
    )


def _departure(odds: Float64Array, course: Float64Array, spread: Float64Array) -> float:
    place = np.minimum(np.arange(len(odds)), len(course) - 1)
    return float(((odds - course[place]) / spread[place]).max())


def _log_odds(probability: Float64Array) -> Float64Array:
    p = np.clip(probability, _LIMIT, 1 - _LIMIT)
    odds: Float64Array = np.log(p) - np.log1p(-p)
    return odds


def _probability(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))
