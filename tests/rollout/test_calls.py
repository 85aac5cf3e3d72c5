"""The robot's calls in the running loop: when they come on, why, and what of them is recorded."""

import pytest

from mile_desktop.operators.operator import OperatorRequest
from mile_desktop.rollout.alert import AlertMonitor, AlertRule
from mile_desktop.rollout.messages import Note, StepTaken
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
    assert rollout.loop.runner.call_places == ((pytest.approx(0.05), 0.0, 0.5),)
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


def test_the_pad_marks_the_call_as_the_key_does_and_a_note_says_what(rollout: PointRollout) -> None:
    rollout.loop.runner.alert = AlertMonitor(AlertRule(threshold=0.2, debounce_steps=1))
    rollout.loop.start()
    rollout.tick(2)
    rollout.operator.requests = [OperatorRequest.MARK_CALL]
    rollout.tick(1)
    assert rollout.sink.steps[-1].call_mark == "unnecessary"
    assert "Marked the last call" in [each.text for each in rollout.events if isinstance(each, Note)][-1]


def test_a_person_who_drives_hears_when_they_may_let_go(rollout: PointRollout) -> None:
    """The running loop follows the number for handing back; only the monitor by itself was tested before."""
    rollout.estimator.hand_back = 0.1
    rollout.loop.start()
    rollout.operator.takeover = True
    rollout.tick(2)
    assert not rollout.loop.runner.alert.may_let_go
    rollout.tick(3)
    assert rollout.loop.runner.alert.may_let_go
    rollout.operator.takeover = False
    rollout.tick(1)
    assert not rollout.loop.runner.alert.may_let_go


def test_a_takeover_after_the_call_or_without_one_is_marked_as_late(rollout: PointRollout) -> None:
    rollout.loop.start()
    rollout.tick(2)
    rollout.operator.takeover = True
    rollout.tick(1)
    assert "too late" in rollout.loop.runner.mark_call()
    rollout.tick(1)
    assert rollout.sink.steps[-1].call_mark == "late"


def test_the_number_is_not_followed_while_the_robot_holds(rollout: PointRollout) -> None:
    rollout.loop.start()
    rollout.tick(2)
    rollout.loop.toggle_hold()
    rollout.tick(3)
    assert rollout.estimator.held == [False, False, True, True, True]
