import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mile_desktop.rollout.alert import AlertMonitor, AlertRule


def test_the_alert_waits_for_the_debounce_and_comes_on_once() -> None:
    monitor = AlertMonitor(AlertRule(threshold=0.5, debounce_steps=3))
    assert [monitor.update(p) for p in (0.6, 0.6, 0.6, 0.6)] == [False, False, True, False]
    assert monitor.active


def test_one_step_below_starts_the_count_again() -> None:
    monitor = AlertMonitor(AlertRule(threshold=0.5, debounce_steps=2))
    for p in (0.9, 0.1, 0.9):
        assert not monitor.update(p)
    assert not monitor.active


def test_nothing_to_say_never_alerts() -> None:
    monitor = AlertMonitor(AlertRule(threshold=0.0, debounce_steps=1))
    assert not monitor.update(math.nan)


def test_the_alert_stays_on_until_the_lower_line() -> None:
    monitor = AlertMonitor(AlertRule(threshold=0.5, debounce_steps=1, let_go=0.3))
    said = []
    for p in (0.6, 0.4, 0.31, 0.6, 0.29, 0.4, 0.5):
        came_on = monitor.update(p)
        said.append((came_on, monitor.active))
    assert said == [(True, True), (False, True), (False, True), (False, True), (False, False), (False, False),
                    (True, True)]  # fmt: skip


def test_a_line_below_the_lower_line_ends_the_alert_at_itself() -> None:
    monitor = AlertMonitor(AlertRule(threshold=0.1, debounce_steps=1, let_go=0.3))
    assert monitor.update(0.2)
    monitor.update(0.15)
    assert monitor.active
    monitor.update(0.05)
    assert not monitor.active


def test_a_person_may_let_go_when_another_takeover_is_unlikely() -> None:
    monitor = AlertMonitor(AlertRule(debounce_steps=2, let_go=0.3))
    seen = []
    for p in (0.9, 0.2, 0.2, 0.4, math.nan, 0.1, 0.1):
        monitor.update_takeover(p)
        seen.append(monitor.may_let_go)
    assert seen == [False, False, True, False, False, False, True]
    monitor.update(0.1)
    assert not monitor.may_let_go


@given(st.lists(st.floats(0.0, 1.0), min_size=50, max_size=400), st.integers(1, 4))
@settings(deadline=None)
def test_a_budget_is_never_exceeded(numbers: list[float], most: int) -> None:
    rate_hz = 0.1  # ten minutes are 60 steps
    monitor = AlertMonitor(AlertRule(debounce_steps=1, let_go=0.5, most_calls=most), rate_hz)
    calls = [step for step, p in enumerate(numbers) if monitor.update(p)]
    for first in calls:
        assert sum(first <= each < first + 60 for each in calls) <= most


def test_the_line_finds_the_budget_however_people_change() -> None:
    random = np.random.default_rng(0)
    monitor = AlertMonitor(AlertRule(threshold=0.5, debounce_steps=1, let_go=1.0, most_calls=6), rate_hz=1.0)
    lines = []
    for centre in (0.2, 0.6):
        calls = 0
        for numbers in random.normal(centre, 0.1, (1200, 50)):
            monitor.reset()  # a new episode
            calls += sum(monitor.update(p) for p in numbers.tolist())
        assert 500 <= calls <= 602, centre  # six in each of a hundred times ten minutes
        lines.append(monitor.line)
    assert lines[0] + 0.3 < lines[1]


def test_another_rule_keeps_the_budget_and_moves_only_a_line_that_was_set() -> None:
    monitor = AlertMonitor(AlertRule(threshold=0.5, debounce_steps=1, most_calls=1))
    assert monitor.update(0.9)
    raised = monitor.line
    assert raised > 0.5
    monitor.follow(AlertRule(threshold=0.5, debounce_steps=1, most_calls=1, ask_me=True))
    assert monitor.line == raised
    assert monitor.budget_used
    assert not monitor.update(0.99)
    monitor.follow(AlertRule(threshold=0.4, debounce_steps=1))
    assert monitor.line == 0.4
    assert monitor.update(0.5)


@pytest.mark.parametrize(
    "rule", [{"threshold": 1.5}, {"threshold": -0.1}, {"debounce_steps": 0}, {"let_go": 2.0}, {"most_calls": -1}]
)
def test_a_rule_without_sense_is_refused(rule: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        AlertRule(**rule)  # type: ignore[arg-type]


def test_a_band_over_time_takes_the_place_of_the_line() -> None:
    monitor = AlertMonitor(AlertRule(threshold=0.5, debounce_steps=2))
    assert [monitor.update(0.4, usual=0.3) for _ in range(3)] == [False, True, False]
    monitor.reset()
    assert not any(monitor.update(0.6, usual=0.7) for _ in range(5))
    assert [monitor.update(0.6) for _ in range(2)] == [False, True]
