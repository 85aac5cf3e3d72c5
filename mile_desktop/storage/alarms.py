"""How an alarm at a threshold would have performed in one episode: announced takeovers, misses and false alarms.

The only definition of a miss and of a false alarm: scores, catalogue and timeline use it.
"""

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


def _length_of_alarm(raised: BoolArray, before: BoolArray, onset: int) -> int:
    length = 0
    # Stops at the takeover before: its own alarm does not count for the next one.
    while onset - length - 1 >= 0 and raised[onset - length - 1] and not before[onset - length]:
        length += 1
    return length
