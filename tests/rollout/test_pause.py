"""While the window asks a question, the robot holds and nothing begins; its end moves nothing either."""

import pytest

from mile_desktop.rollout.messages import Note
from mile_desktop.rollout.phases import MOVING, Phase
from tests.rollout.point_scene import PointRollout
from tests.rollout.test_gates import WAYS, CheckedRobot, Way, begin


@pytest.fixture
def rollout() -> PointRollout:
    return PointRollout(live=CheckedRobot())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("takes_over", [False, True])
def test_no_way_moves_a_paused_robot(rollout: PointRollout, way: Way, takes_over: bool) -> None:
    begin(rollout)
    rollout.operator.takeover = takes_over
    rollout.tick(2)
    rollout.loop.pause(True)
    assert rollout.loop.phase is Phase.HOLD
    recorded = len(rollout.sink.steps)
    for _ in range(2):
        way(rollout)
        rollout.tick(6)
    assert len(rollout.sink.steps) == recorded
    assert rollout.sink.ends == []
    assert rollout.loop.reason == "The window asks a question. The robot holds until it is answered."


def test_a_held_episode_goes_on_only_by_resume() -> None:
    rollout = PointRollout()
    rollout.loop.start()
    rollout.tick(2)
    rollout.loop.pause(True)
    rollout.tick(3)
    rollout.loop.pause(False)
    rollout.tick(10)
    assert rollout.loop.phase is Phase.HOLD
    assert rollout.loop.reason == "The question is answered. Resume when you are ready."
    rollout.loop.toggle_hold()
    rollout.tick()
    assert rollout.loop.phase is Phase.AUTONOMOUS


def test_the_next_episode_of_a_run_waits_for_the_answer() -> None:
    rollout = PointRollout()
    rollout.loop.start(2)
    rollout.tick(2)
    rollout.loop.end_episode("success")
    rollout.loop.pause(True)
    rollout.tick(20)
    assert rollout.loop.phase is Phase.RESETTING
    assert len(rollout.sink.starts) == 1
    rollout.loop.pause(False)
    rollout.tick(5)
    assert len(rollout.sink.starts) == 2


@pytest.mark.parametrize("way", WAYS)
def test_no_run_begins_while_a_question_is_open(rollout: PointRollout, way: Way) -> None:
    rollout.loop.pause(True)
    way(rollout)
    rollout.tick(4)
    rollout.loop.tick_checklist(rollout.loop.checklist_number, rollout.loop.checklist)
    rollout.loop.confirm_reset()
    rollout.tick(4)
    assert rollout.sink.starts == []
    assert rollout.loop.phase not in MOVING


def test_a_start_during_the_question_says_why_nothing_begins() -> None:
    rollout = PointRollout()
    rollout.loop.pause(True)
    rollout.loop.start()
    assert rollout.events == [
        Note(level="warning", text="The window asks a question. The robot holds until it is answered.")
    ]


def test_stop_works_during_the_question() -> None:
    rollout = PointRollout()
    rollout.loop.start()
    rollout.tick(2)
    rollout.loop.pause(True)
    rollout.loop.stop()
    rollout.loop.pause(False)
    assert rollout.loop.phase is Phase.STOPPED
