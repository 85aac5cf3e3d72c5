"""How an alarm at a threshold would have performed in one episode: announced takeovers, misses and false alarms.

The only definition of a miss and of a false alarm: scores, catalogue and timeline use it.
"""

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
    """Rows at which the alarm began and no takeover followed within the horizon."""

    @property
    def misses(self) -> tuple[int, ...]:
        """Takeovers without an alarm directly before them."""
        return tuple(onset for onset, lead in zip(self.onsets, self.leads, strict=True) if lead == 0)

    @property
    def calls(self) -> tuple[int, ...]:
        """Row at which the alarm began before each announced takeover."""
        return tuple(onset - lead for onset, lead in zip(self.onsets, self.leads, strict=True) if lead > 0)


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How often alarms with one reason were right."""

    kind: str
    """See ``storage.reasons.KINDS``."""
    hits: int
    """Alarms that announced a takeover."""
    false_alarms: int


def count_by_reason(episodes: Iterable[tuple[AlarmEvents, Sequence[Sequence[str]]]]) -> tuple[ReasonCount, ...]:
    """Count hits and false alarms by reason, the most frequent first; an alarm counts for each of its reasons.

    ``episodes``: the events of each episode, and the kinds of the reasons of each row.
    """
    hits: Counter[str] = Counter()
    false_alarms: Counter[str] = Counter()
    for events, kinds in episodes:
        hits.update(kind for row in events.calls for kind in kinds[row])
        false_alarms.update(kind for row in events.false_alarms for kind in kinds[row])
    names = sorted(hits | false_alarms, key=lambda kind: -(hits[kind] + false_alarms[kind]))
    return tuple(ReasonCount(kind, hits[kind], false_alarms[kind]) for kind in names)


def alarm_events(
    probability: NDArray[np.floating],
    intervention: BoolArray,
    threshold: float,
    horizon_steps: int = HORIZON_STEPS,
) -> AlarmEvents:
    """Find the events in ``probability`` (float[t], NaN where no value was shown) and ν (bool[t]) of one episode."""
    # NaN stands for "nothing was shown" and compares as no alarm. NumPy would warn about the comparison.
    with np.errstate(invalid="ignore"):
        raised = probability >= threshold
    before_first = np.zeros(1, np.bool_)
    before = np.concatenate((before_first, intervention[:-1]))
    onsets = np.flatnonzero(intervention & ~before).tolist()
    # The step right after a takeover is left out: an alarm that is still on there is the old one.
    crossings = raised & ~np.concatenate((before_first, raised[:-1])) & ~intervention & ~before
    false_alarms = (at for at in np.flatnonzero(crossings).tolist() if not intervention[at : at + horizon_steps].any())
    leads = (_length_of_alarm(raised, before, onset) for onset in onsets)
    return AlarmEvents(tuple(onsets), tuple(leads), tuple(false_alarms))


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
