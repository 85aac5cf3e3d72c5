"""What a line for the alarm means: calls in ten minutes, and takeovers that nothing announced, at every threshold.

Both are counted on recorded numbers, by the same rule that raises the alarm in the running loop. Torch is not imported:
the window reads it.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from mile_desktop.arrays import BoolArray

THRESHOLDS = tuple(round(0.02 + 0.01 * place, 2) for place in range(97))
"""Lines at which both are known, 0.02 to 0.98."""
TEN_MINUTES_S = 600.0
_LEAST_MINUTES = 2.0
"""Recorded autonomy below which calls are counted and not turned into a rate."""
DEBOUNCE_STEPS = 3
LET_GO = 0.25
"""Defaults of the alarm's rule; see ``rollout.alert.AlertRule``."""


class CallCurve(msgspec.Struct, frozen=True, kw_only=True):
    """Calls and unannounced takeovers at each of ``THRESHOLDS``."""

    calls: tuple[int, ...]
    missed: tuple[int, ...]
    """Takeovers before which no alarm was on."""
    announced_up_to: tuple[float, ...]
    """For each takeover the highest threshold at which it was announced, in ascending order; 0: at none."""
    minutes: float
    """Of autonomy: the time in which a call is possible."""

    @property
    def takeovers(self) -> int:
        """Recorded takeovers."""
        return len(self.announced_up_to)

    def calls_in_ten_minutes(self, threshold: float) -> float:
        """Return the rate of calls at ``threshold``; NaN where nothing is recorded."""
        return self.calls[_place(threshold)] * TEN_MINUTES_S / 60 / self.minutes if self.minutes > 0 else math.nan

    def missed_share(self, threshold: float) -> float:
        """Return the share of takeovers that nothing announced; NaN without a takeover."""
        return self.missed[_place(threshold)] / self.takeovers if self.takeovers else math.nan

    def line_for_calls(self, most: float) -> float:
        """Return the lowest line at which, and above which, the robot called at most so often in ten minutes."""
        found = THRESHOLDS[-1]
        for threshold in reversed(THRESHOLDS):
            if not self.calls_in_ten_minutes(threshold) <= most:  # NaN too: nothing is recorded
                break
            found = threshold
        return found

    def line_for_misses(self, most: float) -> float | None:
        """Return the highest line at which at most this share of takeovers goes unannounced (split conformal).

        With n recorded takeovers the line is the ⌊share·(n + 1)⌋-th smallest of the values up to which they were
        announced. The next takeover is then unannounced with a probability of at most ``most``, if it and the recorded
        ones are exchangeable: the same person and policy, and numbers from before the model learned from them. None
        where so small a share needs more takeovers, see ``takeovers_needed``, or where no line reaches it.
        """
        rank = math.floor(most * (self.takeovers + 1) + 1e-9)
        if rank < 1:
            return None
        line = self.announced_up_to[min(rank, self.takeovers) - 1]
        return line if line >= THRESHOLDS[0] else None

    def meaning(self, threshold: float) -> str:
        """Return both numbers in one sentence."""
        if self.minutes <= 0:
            return "nothing is recorded yet"
        calls = f"{self.calls_in_ten_minutes(threshold):.1f} calls in ten minutes"
        if self.minutes < _LEAST_MINUTES:
            # A rate from one call in a few seconds would be a large number that says nothing.
            count = self.calls[_place(threshold)]
            calls = f"{count} call{'' if count == 1 else 's'} in {60 * self.minutes:.0f} s of recorded autonomy"
        if not self.takeovers:
            return f"{calls}, no takeover is recorded"
        return f"{calls}, {self.missed[_place(threshold)]} of {self.takeovers} takeovers unannounced"


def takeovers_needed(most: float) -> int:
    """Return how many recorded takeovers a guaranteed share of unannounced ones needs."""
    return math.ceil(1 / most - 1 - 1e-9)


def call_curve(
    episodes: Iterable[tuple[NDArray[np.floating], BoolArray]],
    *,
    rate_hz: float = 20.0,
    debounce_steps: int = DEBOUNCE_STEPS,
    let_go: float = LET_GO,
) -> CallCurve:
    """Count calls and unannounced takeovers of recorded episodes at every threshold.

    Parameters
    ----------
    episodes
        The number that calls, float[t] with NaN where there was none, and ν, bool[t], of each episode.
    debounce_steps, let_go
        Of the alarm's rule.
    """
    lines = np.array(THRESHOLDS)
    calls, reached, steps = np.zeros(len(lines), dtype=np.int64), [], 0
    for number, taken in episodes:
        steps += int((~taken).sum())
        called, announced = _episode(number, taken, lines, debounce_steps, np.minimum(let_go, lines))
        calls += called
        reached += announced
    missed = np.array([sum(up_to < line for up_to in reached) for line in THRESHOLDS], dtype=np.int64)
    return CallCurve(
        calls=tuple(calls.tolist()),
        missed=tuple(missed.tolist()),
        announced_up_to=tuple(sorted(reached)),
        minutes=steps / rate_hz / 60,
    )


@dataclass(frozen=True, slots=True)
class ChosenLine:
    """A line for the alarm and what it means on the recorded episodes."""

    threshold: float
    calls_in_ten_minutes: float | None
    missed_share: float | None
    """Share of takeovers that nothing announced."""
    takeovers: int
    reason: str
    """Why it is this line, and under which condition its promise holds."""


@dataclass(frozen=True, slots=True)
class LineWish:
    """How the line is chosen: by a budget, by a share of unannounced takeovers, or else by hand."""

    threshold: float = 0.5
    most_calls: float = 0.0
    """In ten minutes; 0: no budget."""
    most_missed: float = 0.0
    """Share in [0, 1]; 0: none given."""


def choose_line(curve: CallCurve, wish: LineWish) -> ChosenLine:
    """Return the line that is wished for, and what it means on the episodes of ``curve``."""
    threshold, most_calls, most_missed = wish.threshold, wish.most_calls, wish.most_missed
    reason = "set by hand"
    if most_calls > 0:
        threshold = curve.line_for_calls(most_calls)
        reason = f"the lowest line with at most {most_calls:g} calls in ten minutes of the recorded autonomy"
        if curve.calls_in_ten_minutes(threshold) > most_calls:
            reason = (
                f"the recorded episodes had more than {most_calls:g} calls in ten minutes at every line; while the "
                f"robot drives it still calls at most {most_calls:g} times"
            )
    elif most_missed > 0:
        found = curve.line_for_misses(most_missed)
        if found is not None:
            threshold = found
            reason = (
                f"at most {most_missed:.0%} of the takeovers go unannounced, as long as person and policy act as in "
                f"the {curve.takeovers} recorded takeovers"
            )
        elif curve.takeovers < takeovers_needed(most_missed):
            threshold = THRESHOLDS[0]
            reason = (
                f"at most {most_missed:.0%} can be promised from {takeovers_needed(most_missed)} takeovers on; "
                f"there are {curve.takeovers}, so the lowest line is used"
            )
        else:
            threshold = THRESHOLDS[0]
            reason = f"no line announces all but {most_missed:.0%} of the takeovers, so the lowest one is used"
    calls, missed = curve.calls_in_ten_minutes(threshold), curve.missed_share(threshold)
    return ChosenLine(
        threshold,
        None if math.isnan(calls) else round(calls, 3),
        None if math.isnan(missed) else round(missed, 4),
        curve.takeovers,
        reason,
    )


def call_rows(
    number: NDArray[np.floating],
    taken: BoolArray,
    threshold: float,
    *,
    debounce_steps: int = DEBOUNCE_STEPS,
    let_go: float = LET_GO,
) -> tuple[int, ...]:
    """Return the rows of one episode at which a call came on, by the same rule as ``call_curve``."""
    above, on, rows = 0, False, []
    for row, (value, human) in enumerate(zip(number.tolist(), taken.tolist(), strict=True)):
        above = 0 if human or not value >= threshold else above + 1  # NaN ends a count, as in the running loop
        came_on = not on and above >= debounce_steps
        on = came_on or (on and not human and value >= min(let_go, threshold))
        if came_on:
            rows.append(row)
    return tuple(rows)


def _place(threshold: float) -> int:
    return min(max(round((threshold - THRESHOLDS[0]) * 100), 0), len(THRESHOLDS) - 1)


def _episode(
    number: NDArray[np.floating],
    taken: BoolArray,
    lines: NDArray[np.float64],
    debounce_steps: int,
    lower: NDArray[np.float64],
) -> tuple[NDArray[np.int64], list[float]]:
    """Return the calls at each line, and for each takeover the highest line at which the alarm was on before it."""
    above, on = np.zeros(len(lines), dtype=np.int64), np.zeros(len(lines), dtype=np.bool_)
    calls, reached = np.zeros(len(lines), dtype=np.int64), []
    before = False
    for value, human in zip(number.tolist(), taken.tolist(), strict=True):
        if human:
            if not before:
                reached.append(float(lines[on].max()) if on.any() else 0.0)
            above[:], on[:] = 0, False
        else:
            # NaN compares as False: no number ends a count and an alarm, as in the running loop
            above = np.where(value >= lines, above + 1, 0)
            came_on = (above >= debounce_steps) & ~on
            on = came_on | (on & (value >= lower))
            calls += came_on
        before = human
    return calls, reached
