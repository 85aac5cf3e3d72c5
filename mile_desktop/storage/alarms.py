"""How an alarm at a threshold would have performed in one episode: announced takeovers, misses and false alarms.

The only definition of a miss and of a false alarm: scores, catalogue and timeline use it. A false alarm is a call that
no takeover followed, in an episode that ended in success. In any other episode the robot may have been right to call,
and nobody answered.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mile_desktop.arrays import BoolArray

HORIZON_STEPS = 10
"""An alarm counts as correct if a takeover follows within this many steps."""


@dataclass(frozen=True, slots=True)
class AlarmEvents:
    """Rows of one episode at which takeovers began or alarms were false."""

    onsets: tuple[int, ...]
    """First step of each takeover."""
    leads: tuple[int, ...]
    """For each takeover: number of autonomous steps directly before it with the alarm on; 0: missed."""
    false_alarms: tuple[int, ...]
    """Rows at which the alarm began and no takeover followed within the horizon, in an episode that succeeded."""
    unanswered: tuple[int, ...] = ()
    """The same in an episode that did not end in success."""

    @property
    def misses(self) -> tuple[int, ...]:
        """Takeovers without an alarm directly before them."""
        return tuple(onset for onset, lead in zip(self.onsets, self.leads, strict=True) if lead == 0)

    @property
    def hits(self) -> tuple[int, ...]:
        """Row at which the alarm began before each announced takeover."""
        return tuple(onset - lead for onset, lead in zip(self.onsets, self.leads, strict=True) if lead > 0)

    @property
    def calls(self) -> tuple[int, ...]:
        """Row at which each alarm began: hits, false alarms and unanswered ones; not sorted."""
        return (*self.hits, *self.false_alarms, *self.unanswered)


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How often alarms with one reason were right."""

    kind: str
    """See ``storage.reasons.KINDS``."""
    hits: int
    """Alarms that announced a takeover."""
    false_alarms: int
    unanswered: int = 0
    """Alarms without a takeover in episodes that did not end in success; neither right nor wrong."""

    @property
    def right(self) -> float:
        """Share of the hits among hits and false alarms; NaN where there is neither."""
        judged = self.hits + self.false_alarms
        return self.hits / judged if judged else math.nan


def count_by_reason(episodes: Iterable[tuple[AlarmEvents, Sequence[Sequence[str]]]]) -> tuple[ReasonCount, ...]:
    """Count alarms by reason, the most frequent first; an alarm counts for each of its reasons.

    ``episodes``: the events of each episode, and the kinds of the reasons of each row.
    """
    hits: Counter[str] = Counter()
    false_alarms: Counter[str] = Counter()
    unanswered: Counter[str] = Counter()
    for events, kinds in episodes:
        hits.update(kind for row in events.hits for kind in kinds[row])
        false_alarms.update(kind for row in events.false_alarms for kind in kinds[row])
        unanswered.update(kind for row in events.unanswered for kind in kinds[row])
    every = hits + false_alarms + unanswered
    names = sorted(every, key=lambda kind: -every[kind])
    return tuple(ReasonCount(kind, hits[kind], false_alarms[kind], unanswered[kind]) for kind in names)


def alarm_events(
    probability: NDArray[np.floating],
    intervention: BoolArray,
    threshold: float,
    *,
    success: bool,
    horizon_steps: int = HORIZON_STEPS,
) -> AlarmEvents:
    """Find the events in ``probability`` (float[t], NaN where no value was shown) and ν (bool[t]) of one episode.

    ``success``: the episode ended in success; only then a call that no takeover followed is a false alarm.
    """
    # NaN stands for "nothing was shown" and compares as no alarm. NumPy would warn about the comparison.
    with np.errstate(invalid="ignore"):
        raised = probability >= threshold
    before_first = np.zeros(1, np.bool_)
    before = np.concatenate((before_first, intervention[:-1]))
    onsets = np.flatnonzero(intervention & ~before).tolist()
    # The step right after a takeover is left out: an alarm that is still on there is the old one.
    crossings = raised & ~np.concatenate((before_first, raised[:-1])) & ~intervention & ~before
    alone = tuple(at for at in np.flatnonzero(crossings).tolist() if not intervention[at : at + horizon_steps].any())
    leads = tuple(_length_of_alarm(raised, before, onset) for onset in onsets)
    return AlarmEvents(tuple(onsets), leads, alone if success else (), () if success else alone)


def worst_false_alarm(
    probability: NDArray[np.floating], intervention: BoolArray, threshold: float, events: AlarmEvents
) -> tuple[float, int] | None:
    """Return the highest value in a false alarm of ``events`` and the row at which that one began; None without one.

    ``probability`` (float[t]), ``intervention`` (bool[t]) and ``threshold`` are those that ``events`` were found in.
    """
    with np.errstate(invalid="ignore"):
        over = ~(probability >= threshold) | intervention
    found = []
    for row in events.false_alarms:
        ends = np.flatnonzero(over[row:])
        last = row + int(ends[0]) if len(ends) else len(probability)
        found.append((float(probability[row:last].max()), row))
    # The first of equally high ones: what follows it is often its consequence.
    return max(found, key=lambda each: (each[0], -each[1]), default=None)


def _length_of_alarm(raised: BoolArray, before: BoolArray, onset: int) -> int:
    length = 0
    # Stops at the takeover before: its own alarm does not count for the next one.
    while onset - length - 1 >= 0 and raised[onset - length - 1] and not before[onset - length]:
        length += 1
    return length
