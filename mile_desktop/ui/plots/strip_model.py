"""The data of the strips under the view: the newest steps in bounded arrays, however long the run is.

Time is robot time: steps divided by the control rate, with a short gap between episodes. A rewind removes the steps
after it.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mile_desktop.rollout.messages import StepTaken

Columns = NDArray[np.float64]
CAPACITY = 4096
"""Steps kept; 200 s at 20 Hz."""
# A visible gap: without it two episodes would look like one.
EPISODE_GAP_S = 0.5
MAX_POINTS = 1200
"""Points drawn at most; a strip is about 1200 px wide, so more would share pixels and only cost time."""
_TIME, _P, _LOW, _HIGH, _FORECAST, _HUMAN, _SERIAL, _NUMBER, _STEP, _USUAL = range(10)
_FIXED = 10


@dataclass(frozen=True, slots=True, eq=False)
class StripWindow:
    """The drawn part: ``t`` steps, ``a`` action entries, oldest first."""

    time: Columns
    """float64[t], s; 0 is the newest step (or the episode's first, when a whole episode is shown)."""
    probability: Columns
    low: Columns
    high: Columns
    forecast: Columns
    human: NDArray[np.bool_]
    """bool[t], ν."""
    serial: Columns
    """float64[t], counts the episodes seen; changes where a new one begins."""
    number: Columns
    """float64[t], number of the episode as shown in the window."""
    step: Columns
    proposed: Columns
    """float64[t, a]."""
    executed: Columns
    """float64[t, a]."""
    reasons: tuple[str, ...] = ()
    """t texts, see ``storage.reasons``; empty where none were kept."""
    usual: Columns | None = None
    """float64[t], the upper edge of the band from a new policy's successes, NaN where another line counts; None where
    it was not kept."""

    def __len__(self) -> int:
        return len(self.time)

    def takeovers(self) -> list[tuple[float, float]]:
        """Return start and end (s) of each run of steps with ν = 1."""
        edges = np.diff(np.concatenate([[0], self.human.astype(np.int8), [0]]))
        starts = self.time[np.flatnonzero(edges == 1)]
        ends = self.time[np.minimum(np.flatnonzero(edges == -1), len(self.time) - 1)]
        return list(zip(starts.tolist(), ends.tolist(), strict=True))

    def broken(self, values: Columns) -> tuple[Columns, Columns]:
        """Return times and ``values`` with NaN between two episodes, so that no line joins them."""
        begins = np.flatnonzero(np.diff(self.serial)) + 1
        between = self.time[begins] - EPISODE_GAP_S / 2
        return np.insert(self.time, begins, between), np.insert(values, begins, np.nan)

    def boundaries(self) -> list[tuple[float, int]]:
        """Return time (s) and number of each episode that begins inside the window."""
        begins = np.flatnonzero(np.diff(self.serial)) + 1
        # The first steps of an episode may arrive before the status with its number, so its newest step decides.
        newest = np.append(begins[1:], len(self.time))[: len(begins)] - 1
        return [
            (float(self.time[first]) - EPISODE_GAP_S / 2, int(self.number[last]))
            for first, last in zip(begins, newest, strict=True)
        ]

    def nearest(self, time: float) -> int | None:
        """Return the index of the step nearest to ``time`` (s), or None where there is none within a second."""
        if not len(self.time):
            return None
        index = int(np.argmin(np.abs(self.time - time)))
        return index if abs(self.time[index] - time) <= 1.0 else None


class StripModel:
    """Bounded memory of the newest steps; owned by the window's thread."""

    def __init__(self, *, actions: int = 4, rate_hz: float = 20.0, capacity: int = CAPACITY) -> None:
        if actions < 1 or capacity < 2 or not rate_hz > 0:
            raise ValueError(f"needs actions ≥ 1, capacity ≥ 2, rate > 0; got {actions}, {capacity}, {rate_hz}")
        self._actions = actions
        self._period = 1.0 / rate_hz
        self._capacity = capacity
        # Twice the capacity: rows are appended and moved to the front only when the array is full, once in
        # ``capacity`` steps. So the newest rows are always one contiguous slice, which is drawn without a copy.
        self._rows = np.empty((2 * capacity, _FIXED + 2 * actions))
        self._reasons = [""] * (2 * capacity)
        """Row by row beside ``_rows``, which holds numbers only."""
        self._start = self._end = 0
        self._episode_id = ""
        self._serial = 0
        self._base = 0.0
        self.version = 0
        """Grows with every change, so that a view knows whether to draw again."""

    def __len__(self) -> int:
        return self._end - self._start

    @property
    def actions(self) -> int:
        """Number of action entries."""
        return self._actions

    def clear(self) -> None:
        """Remove all steps."""
        self._start = self._end = 0
        # The serial number goes on, so that no later episode has the same one.
        self._episode_id = ""
        self._base = 0.0
        self.version += 1

    def append(self, taken: StepTaken, episode: int = 0) -> None:
        """Add one step of episode number ``episode``.

        If the episode has this step already, it was rewound: that step and all later ones are removed first.
        """
        if taken.episode_id != self._episode_id:
            self._begin_episode(taken)
        else:
            self._cut_from(taken.step)
        self._make_room()
        row = self._rows[self._end]
        estimate = (taken.probability, taken.low, taken.high, taken.forecast)
        time = self._base + taken.step * self._period
        row[:_FIXED] = (time, *estimate, float(taken.intervention), self._serial, episode, taken.step, taken.usual)
        row[_FIXED:] = _padded(taken.proposed, self._actions) + _padded(taken.executed, self._actions)
        self._reasons[self._end] = taken.reasons
        self._end += 1
        self.version += 1

    def _begin_episode(self, taken: StepTaken) -> None:
        self._episode_id = taken.episode_id
        self._serial += 1
        follows = self._rows[self._end - 1, _TIME] + self._period + EPISODE_GAP_S if len(self) else 0.0
        # A window that joins a running episode sees its first step late; ``_base`` is the time of step 0 all the same.
        self._base = float(follows) - taken.step * self._period

    def _cut_from(self, step: int) -> None:
        # From the end: rewinds are short, so few rows are looked at, and none in the usual case.
        while len(self) and self._is_at_or_after(self._rows[self._end - 1], step):
            self._end -= 1

    def _is_at_or_after(self, row: Columns, step: int) -> bool:
        return bool(row[_SERIAL] == self._serial and row[_STEP] >= step)

    def _make_room(self) -> None:
        if self._end == len(self._rows):
            kept = self._capacity - 1
            self._rows[:kept] = self._rows[self._end - kept : self._end]
            self._reasons[:kept] = self._reasons[self._end - kept : self._end]
            self._start, self._end = 0, kept
        self._start = max(self._start, self._end + 1 - self._capacity)

    def last_seconds(self, seconds: float) -> StripWindow:
        """Return the newest ``seconds``; time runs from −seconds to 0."""
        if not len(self):
            return self._window(self._start, 0.0)
        # Times grow from row to row, across episodes too, so a binary search finds the first one.
        newest = self._rows[self._end - 1, _TIME]
        times = self._rows[self._start : self._end, _TIME]
        return self._window(self._start + int(np.searchsorted(times, newest - seconds)), newest)

    def whole_episode(self) -> StripWindow:
        """Return every kept step of the newest episode; time 0 is its first step."""
        if not len(self):
            return self._window(self._start, 0.0)
        # Numbers of episodes grow, too, so the newest episode is the end of the rows.
        serials = self._rows[self._start : self._end, _SERIAL]
        return self._window(self._start + int(np.searchsorted(serials, serials[-1])), self._base)

    def _window(self, first: int, origin: float) -> StripWindow:
        # Thinning starts from the end, so that the newest step is always drawn.
        count = self._end - first
        stride = -(-count // MAX_POINTS) or 1
        chosen = slice(first + (count - 1) % stride if count else first, self._end, stride)
        rows = self._rows[chosen]
        a = self._actions
        return StripWindow(
            time=rows[:, _TIME] - origin,
            probability=rows[:, _P],
            low=rows[:, _LOW],
            high=rows[:, _HIGH],
            forecast=rows[:, _FORECAST],
            human=rows[:, _HUMAN] > 0.5,
            serial=rows[:, _SERIAL],
            number=rows[:, _NUMBER],
            step=rows[:, _STEP],
            proposed=rows[:, _FIXED : _FIXED + a],
            executed=rows[:, _FIXED + a : _FIXED + 2 * a],
            reasons=tuple(self._reasons[chosen]),
            usual=rows[:, _USUAL],
        )


def _padded(values: tuple[float, ...], length: int) -> tuple[float, ...]:
    # A step of another scene may arrive just after the change.
    return (values + (math.nan,) * length)[:length]
