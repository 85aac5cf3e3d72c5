"""Every gate before motion × every way of asking: nothing moves until a person has confirmed."""

from collections.abc import Callable

import pytest

from mile_desktop.operators.operator import OperatorRequest
from mile_desktop.registry.running_policy import RunningPolicy
from mile_desktop.rollout.live_robot import NoRobot
from mile_desktop.rollout.messages import Note
from mile_desktop.rollout.phases import MOVING, Phase
from tests.rollout.point_scene import ConstantPolicy, FixedEstimator, PointRollout

POINTS = ("No person is within reach.", "The peg is back.")


class CheckedRobot(NoRobot):
    """A robot that stands still until it is armed, and whose episodes begin with a checklist."""

    def __init__(self) -> None:
        self.checklist = POINTS
        self.armed = True
        self.went = 0

    def obstacle(self) -> str:
        return "" if self.armed else "The robot is not armed; arm it first."

    def hazard(self) -> str:
        return self.obstacle()

    def go(self) -> str:
        self.went += 1
        return self.obstacle()


def start(rollout: PointRollout) -> None:
    rollout.loop.start()


def confirm(rollout: PointRollout) -> None:
    rollout.loop.confirm_reset()


def pad_start(rollout: PointRollout) -> None:
    rollout.operator.requests = [OperatorRequest.START]


def pad_start_twice_in_one_tick(rollout: PointRollout) -> None:
    rollout.operator.requests = [OperatorRequest.START, OperatorRequest.START]


def toggle_hold(rollout: PointRollout) -> None:
    rollout.loop.toggle_hold()


def pad_hold(rollout: PointRollout) -> None:
    rollout.operator.requests = [OperatorRequest.TOGGLE_HOLD]


def reset(rollout: PointRollout) -> None:
    rollout.loop.reset()


def take_over(rollout: PointRollout) -> None:
    rollout.operator.takeover = True


def tick_one_box(rollout: PointRollout) -> None:
    rollout.loop.tick_checklist(rollout.loop.checklist_number, POINTS[:1])


def tick_for_an_earlier_question(rollout: PointRollout) -> None:
    rollout.loop.tick_checklist(rollout.loop.checklist_number - 1, POINTS)


def tick_other_words(rollout: PointRollout) -> None:
    rollout.loop.tick_checklist(rollout.loop.checklist_number, ("yes", "yes"))


Way = Callable[[PointRollout], None]
WAYS: tuple[Way, ...] = (
    start, confirm, pad_start, pad_start_twice_in_one_tick, toggle_hold, pad_hold, reset, take_over, tick_one_box,
    tick_for_an_earlier_question, tick_other_words,
)  # fmt: skip


@pytest.fixture
def rollout() -> PointRollout:
    return PointRollout(live=CheckedRobot())


def begin(rollout: PointRollout) -> None:
    rollout.loop.start(5)
    rollout.tick(4)
    rollout.loop.tick_checklist(rollout.loop.checklist_number, POINTS)
    rollout.loop.confirm_reset()
    rollout.tick(2)
    assert rollout.loop.phase is Phase.AUTONOMOUS


def ask_in_every_way(rollout: PointRollout, first: Way, second: Way) -> None:
    for way in (first, second, first, second):
        way(rollout)
        rollout.tick()


@pytest.mark.parametrize("second", WAYS)
@pytest.mark.parametrize("first", WAYS)
def test_no_way_passes_a_checklist_that_is_not_ticked(rollout: PointRollout, first: Way, second: Way) -> None:
    rollout.loop.start()
    rollout.tick(4)
    ask_in_every_way(rollout, first, second)
    assert rollout.loop.phase not in MOVING
    assert not rollout.sink.starts


@pytest.mark.parametrize("way", WAYS)
def test_ticks_count_for_one_episode_only(rollout: PointRollout, way: Way) -> None:
    begin(rollout)
    question = rollout.loop.checklist_number
    rollout.loop.end_episode("failure")
    rollout.tick(4)
    rollout.loop.tick_checklist(question - 1, POINTS)  # the message of the first confirmation, sent twice
    rollout.loop.confirm_reset()
    ask_in_every_way(rollout, way, confirm)
    assert len(rollout.sink.starts) == 1
    assert rollout.loop.phase not in MOVING


@pytest.mark.parametrize("second", WAYS)
@pytest.mark.parametrize("first", WAYS)
def test_no_way_moves_a_robot_that_is_not_armed(rollout: PointRollout, first: Way, second: Way) -> None:
    begin(rollout)
    robot = rollout.loop._live
    assert isinstance(robot, CheckedRobot)
    robot.armed = False
    rollout.tick(10)
    recorded = len(rollout.sink.steps)
    ask_in_every_way(rollout, first, second)
    rollout.tick(3)
    assert rollout.loop.phase not in MOVING
    assert len(rollout.sink.steps) == recorded


@pytest.mark.parametrize("second", WAYS)
@pytest.mark.parametrize("first", WAYS)
def test_after_a_stop_no_pair_of_requests_moves_the_robot(rollout: PointRollout, first: Way, second: Way) -> None:
    begin(rollout)
    rollout.loop.stop()
    recorded = len(rollout.sink.steps)
    ask_in_every_way(rollout, first, second)
    assert rollout.loop.phase not in MOVING
    assert len(rollout.sink.steps) == recorded


@pytest.mark.parametrize("way", [toggle_hold, pad_hold])
@pytest.mark.parametrize("held_by", ["person", "fault"])
def test_a_double_press_of_hold_holds(way: Way, held_by: str) -> None:
    rollout = PointRollout()
    rollout.loop.start()
    rollout.tick(3)
    if held_by == "person":
        way(rollout)
        rollout.tick()
    else:
        rollout.loop.fault("Camera wrist is stale.")
    way(rollout)
    rollout.tick()
    assert rollout.loop.phase is Phase.HOLD
    rollout.tick(5)
    way(rollout)
    rollout.tick()
    assert rollout.loop.phase is Phase.AUTONOMOUS, "a later press resumes"


def test_a_double_press_of_the_pads_start_after_a_stop_only_resets() -> None:
    rollout = PointRollout()
    rollout.loop.start()
    rollout.tick(3)
    rollout.loop.stop()
    rollout.tick(6)
    for _ in range(2):
        rollout.operator.requests = [OperatorRequest.START]
        rollout.tick()
    assert rollout.loop.phase is Phase.IDLE


@pytest.mark.parametrize("way", WAYS)
def test_a_promotion_waits_for_the_next_episode_in_every_way(rollout: PointRollout, way: Way) -> None:
    begin(rollout)
    running = rollout.loop.runner.running
    rollout.loop.promote(RunningPolicy(ConstantPolicy(-1.0), "v9", FixedEstimator()))
    ask_in_every_way(rollout, way, way)
    assert rollout.loop.runner.running is running


def test_what_is_missing_is_said_and_a_ticked_list_begins(rollout: PointRollout) -> None:
    rollout.loop.start()
    rollout.tick(4)
    tick_one_box(rollout)
    rollout.loop.confirm_reset()
    note = rollout.events[-1]
    assert isinstance(note, Note)
    assert note.text == "Nothing moves yet. Check and tick first: The peg is back."
    rollout.loop.tick_checklist(rollout.loop.checklist_number, POINTS)
    pad_start(rollout)
    rollout.tick(2)
    assert rollout.loop.phase is Phase.AUTONOMOUS
