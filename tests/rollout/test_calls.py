"""The robot's calls in the running loop: when they come on, why, and what of them is recorded."""

import pytest

from mile_desktop.rollout.alert import AlertMonitor, AlertRule
from mile_desktop.rollout.messages import StepTaken
from tests.rollout.point_scene import PointRollout


@pytest.fixture
def rollout() -> PointRollout:
    return PointRollout()


def test_the_reasons_of_a_call_are_kept_with_the_step_and_said(rollout: PointRollout) -> None:
    rollout.loop.runner.alert = AlertMonitor(AlertRule(threshold=0.2, debounce_steps=2))
    rollout.loop.start()
    rollout.tick(1)
    assert rollout.loop.runner.call_reasons == ""
    rollout.tick(1)
    assert rollout.loop.runner.alert.active
    assert rollout.loop.runner.call_reasons == "stalled=12*0.6"
    assert [step.reasons for step in rollout.sink.steps] == ["stalled=12*0.6"] * 2
    assert [each.reasons for each in rollout.events if isinstance(each, StepTaken)] == ["stalled=12*0.6"] * 2


def test_a_call_that_nobody_followed_is_marked_as_unnecessary(rollout: PointRollout) -> None:
    runner = rollout.loop.runner
    assert "no call" in runner.mark_call()
    runner.alert = AlertMonitor(AlertRule(threshold=0.2, debounce_steps=2))
    rollout.loop.start()
    rollout.tick(1)
    assert "no call" in runner.mark_call()
    rollout.tick(3)
    assert "unnecessary" in runner.mark_call()
    rollout.tick(2)
    assert [step.call_mark for step in rollout.sink.steps] == ["", "", "", "", "unnecessary", ""]


def test_a_takeover_after_the_call_or_without_one_is_marked_as_late(rollout: PointRollout) -> None:
    rollout.loop.start()
    rollout.tick(2)
    rollout.operator.takeover = True
    rollout.tick(1)
    assert "too late" in rollout.loop.runner.mark_call()
    rollout.tick(1)
    assert rollout.sink.steps[-1].call_mark == "late"
