import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mile_desktop.rollout.alert import AlertMonitor, AlertRule
from mile_desktop.storage.call_curve import (
    THRESHOLDS,
    CallCurve,
    LineWish,
    call_curve,
    call_rows,
    choose_line,
    takeovers_needed,
)

_numbers = st.one_of(st.just(math.nan), st.floats(0.0, 1.0))


def _episode(peak: float, *, takeover: bool = True, length: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Return a number that is at ``peak`` for the five steps before a takeover of ten steps."""
    number, taken = np.full(length, 0.05), np.zeros(length, dtype=bool)
    number[40:45] = peak
    if takeover:
        taken[45:55] = True
    return number, taken


@given(
    st.lists(st.tuples(_numbers, st.booleans()), min_size=1, max_size=60),
    st.sampled_from((0.02, 0.3, 0.5, 0.98)),
    st.sampled_from((0.1, 0.25, 0.9)),
)
@settings(deadline=None)
def test_recorded_calls_are_counted_as_the_running_loop_raises_them(
    steps: list[tuple[float, bool]], threshold: float, let_go: float
) -> None:
    number, taken = (np.array(column) for column in zip(*steps, strict=True))
    monitor, calls, missed, before = AlertMonitor(AlertRule(threshold, let_go=let_go)), 0, 0, False
    for value, human in steps:
        if human:
            missed += not before and not monitor.active
            monitor.update_takeover(math.nan)
        else:
            calls += monitor.update(value)
        before = human
    curve = call_curve([(number, taken)], let_go=let_go)
    place = THRESHOLDS.index(threshold)
    assert (curve.calls[place], curve.missed[place]) == (calls, missed)
    assert len(call_rows(number, taken, threshold, let_go=let_go)) == calls


def test_a_higher_line_calls_less_and_misses_more() -> None:
    random = np.random.default_rng(0)
    episodes = [(random.random(300), random.random(300) < 0.05) for _ in range(5)]
    curve = call_curve(episodes, debounce_steps=1, let_go=0.02)
    assert list(curve.missed) == sorted(curve.missed)


def test_a_budget_is_the_lowest_line_that_keeps_it() -> None:
    curve = call_curve([_episode(0.4, takeover=False)] * 30 + [_episode(0.8)] * 6)
    assert curve.minutes == pytest.approx((30 * 100 + 6 * 90) / 1200)
    line = curve.line_for_calls(30)
    assert line == 0.41
    assert curve.calls_in_ten_minutes(line) <= 30 < curve.calls_in_ten_minutes(line - 0.01)
    assert curve.line_for_calls(0) == 0.81


def test_a_guaranteed_share_needs_enough_takeovers() -> None:
    assert [takeovers_needed(share) for share in (0.05, 0.1, 0.2, 0.5)] == [19, 9, 4, 1]
    few = call_curve([_episode(0.9)] * 8)
    assert few.line_for_misses(0.1) is None
    chosen = choose_line(few, LineWish(most_missed=0.1))
    assert "from 9 takeovers on" in chosen.reason
    assert chosen.threshold == THRESHOLDS[0]
    assert call_curve([_episode(0.9)] * 9).line_for_misses(0.1) == 0.9


def test_the_guarantee_holds_for_new_takeovers() -> None:
    """Split conformal: over many draws of calibration and test takeovers at most the share is missed."""
    random = np.random.default_rng(1)
    missed, share, count = [], 0.2, 14
    for _ in range(400):
        peaks = np.round(random.beta(2, 2, count + 1), 2)
        line = call_curve([_episode(peak) for peak in peaks[:count]]).line_for_misses(share)
        missed.append(line is not None and peaks[count] < line)
    assert np.mean(missed) <= share + 0.03
    assert np.mean(missed) > 0.1  # and the line is not needlessly low


def test_nothing_recorded_is_said() -> None:
    empty = call_curve([])
    assert empty.meaning(0.5) == "nothing is recorded yet"
    assert math.isnan(empty.calls_in_ten_minutes(0.5))
    assert choose_line(empty, LineWish(most_calls=5)).threshold == THRESHOLDS[-1]
    calm = call_curve([_episode(0.9, takeover=False)])
    assert calm.meaning(0.5) == "1 call in 5 s of recorded autonomy, no takeover is recorded"


def test_the_meaning_has_both_numbers() -> None:
    curve = CallCurve(calls=(3,) * 97, missed=(2,) * 97, announced_up_to=(0.1,) * 12, minutes=10.0)
    assert curve.meaning(0.42) == "3.0 calls in ten minutes, 2 of 12 takeovers unannounced"
