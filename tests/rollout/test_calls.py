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
