import math

import pytest

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


@pytest.mark.parametrize("rule", [{"threshold": 1.5}, {"threshold": -0.1}, {"debounce_steps": 0}])
def test_a_rule_without_sense_is_refused(rule: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        AlertRule(**rule)  # type: ignore[arg-type]
