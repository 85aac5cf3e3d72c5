"""What an alarm at a threshold would have done in one episode: which takeovers it announced, where it was wrong.

The one definition of a miss and of a false alarm, for scores, the catalogue and the timeline alike.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mile_desktop.arrays import BoolArray

HORIZON_STEPS = 10
"""What "soon" means: a takeover within so many steps."""


@dataclass(frozen=True, slots=True)
class AlarmEvents:
    """Rows of one episode where something happened."""

    onsets: tuple[int, ...]
    """First step of each takeover."""
    leads: tuple[int, ...]
    """For each of them for how many autonomous steps before it the alarm had been on without a break; 0: missed."""
    false_alarms: tuple[int, ...]
    """Crossings that no takeover followed soon."""

    @property
    def misses(self) -> tuple[int, ...]:
        """Takeovers that nothing announced."""
        return tuple(onset for onset, lead in zip(self.onsets, self.leads, strict=True) if lead == 0)


def alarm_events(
    probability: NDArray[np.floating],
    intervention: BoolArray,
    threshold: float,
    horizon_steps: int = HORIZON_STEPS,
) -> AlarmEvents:
    """Find the events in ``probability`` (float[t], NaN where nothing was said) and ν (bool[t]) of one episode."""
    with np.errstate(invalid="ignore"):
        raised = probability >= threshold
    nobody = np.zeros(1, np.bool_)
    before = np.concatenate((nobody, intervention[:-1]))
    onsets = np.flatnonzero(intervention & ~before).tolist()
    crossings = raised & ~np.concatenate((nobody, raised[:-1])) & ~intervention & ~before
    false_alarms = (at for at in np.flatnonzero(crossings).tolist() if not intervention[at : at + horizon_steps].any())
    leads = (_length_of_alarm(raised, before, onset) for onset in onsets)
    return AlarmEvents(tuple(onsets), tuple(leads), tuple(false_alarms))


def _length_of_alarm(raised: BoolArray, before: BoolArray, onset: int) -> int:
    length = 0
    while onset - length - 1 >= 0 and raised[onset - length - 1] and not before[onset - length]:
        length += 1
    return length
