"""Rewinding, the last step of an episode, and the begin of the next one, as the loop does them."""

import pytest

from mile_desktop.operators.operator import OperatorRequest
from mile_desktop.rollout.alert import AlertMonitor, AlertRule
from mile_desktop.rollout.messages import StepTaken
from mile_desktop.rollout.phases import Phase
from mile_desktop.storage.records import TIME_LIMIT
from tests.rollout.point_scene import PointRollout


@pytest.fixture
def rollout() -> PointRollout:
    return PointRollout()


def test_rewinding_runs_the_scene_backwards_and_the_recording_keeps_and_marks_everything(
    rollout: PointRollout,
) -> None:
    rollout.loop.start()
    rollout.tick(6)
    rollout.operator.rewind = True
    rollout.tick(2)
    assert rollout.loop.phase is Phase.HOLD
    assert rollout.shown[-1] == pytest.approx(0.2)  # four steps of 0.05 are left
    assert rollout.loop.reason == "Rewound to step 4."
    rollout.operator.rewind = False
    rollout.tick(2)
    assert len(rollout.sink.steps) == 6, "while the robot holds nothing is recorded"
    rollout.operator.takeover = True
    rollout.tick(2)
    assert [float(s.observation[0]) for s in rollout.sink.steps[6:]] == pytest.approx([0.2, 0.225])  # from rest
    assert [s.starts_at_row for s in rollout.sink.steps] == [-1] * 6 + [4, -1]
    shown = [event.step for event in rollout.events if isinstance(event, StepTaken)]
    assert shown == [0, 1, 2, 3, 4, 5, 4, 5]


@pytest.mark.parametrize("from_idle", [True, False])
def test_the_next_episode_begins_when_the_last_one_is_on_the_disk(rollout: PointRollout, *, from_idle: bool) -> None:
    """The end of an episode waits for the disk to sync; steps behind it would be late, and the robot would hold."""
    if from_idle:
        rollout.sink.settling = True
        rollout.loop.start()
    else:
        rollout.loop.start(2)
        rollout.tick(3)
        rollout.sink.settling = True
        rollout.loop.end_episode("failure")
    begun = len(rollout.sink.starts)
    rollout.tick(40)
    assert (rollout.loop.phase, len(rollout.sink.starts)) == (Phase.RESETTING, begun)
    assert rollout.loop.reason == "The last episode is being written to the disk. The next one begins afterwards."
    rollout.sink.settling = False
    rollout.tick(2)
    assert (rollout.loop.phase, len(rollout.sink.starts)) == (Phase.AUTONOMOUS, begun + 1)
    assert rollout.loop.reason == ""


@pytest.mark.parametrize("exact", [True, False])
def test_a_rewind_out_of_any_hold_says_where_it_is_and_whether_it_is_exact(
    rollout: PointRollout, *, exact: bool
) -> None:
    rollout.scene.rewinds_exactly = exact
    rollout.loop.start()
    rollout.tick(6)
    rollout.loop.toggle_hold()
    assert rollout.loop.reason == "Held by the operator."
    rollout.operator.rewind = True
    rollout.tick(1)
    inexact = "" if exact else " The scene is close to what it was then, not exactly the same."
    assert rollout.loop.reason == f"Rewound to step 5.{inexact}"


def test_rewinding_ends_where_the_ring_ends_and_keeps_no_more_than_it(rollout: PointRollout) -> None:
    rollout.loop.start()
    rollout.tick(14)
    assert len(rollout.scene.kept) == 10
    rollout.operator.rewind = True
    rollout.tick(30)
    assert rollout.loop.runner.episode is not None
    assert rollout.loop.runner.episode.step == 4
    assert not rollout.scene.kept


def test_a_takeover_of_one_step_is_recorded(rollout: PointRollout) -> None:
    rollout.loop.start()
    rollout.tick(3)
    rollout.operator.takeover = True
    rollout.tick(1)
    rollout.operator.takeover = False
    rollout.tick(3)
    assert [step.intervention for step in rollout.sink.steps] == [False] * 3 + [True] + [False] * 3
    assert rollout.sink.steps[3].human_action is not None
    assert rollout.sink.steps[3].control_phase == "takeover"


def test_a_discard_in_the_last_step_discards_one_episode(rollout: PointRollout) -> None:
    """It is pressed again and again: before the last step, in the tick after it, and while the scene rests."""
    rollout.scene.max_steps = 5
    rollout.loop.start(2)
    rollout.tick(4)
    for _ in range(3):
        rollout.operator.requests = [OperatorRequest.DISCARD, OperatorRequest.DISCARD]
        rollout.tick(1)
    assert rollout.sink.ends == ["discarded"]
    rollout.tick(40)
    assert rollout.sink.ends[:2] == ["discarded", TIME_LIMIT]
    assert rollout.sink.starts[1].seed == rollout.sink.starts[0].seed, "the same start is recorded again"


def test_a_discard_after_the_last_step_touches_neither_this_episode_nor_the_next(rollout: PointRollout) -> None:
    rollout.scene.max_steps = 5
    rollout.loop.start(2)
    rollout.tick(5)
    assert rollout.loop.phase is Phase.RESETTING
    for _ in range(3):
        rollout.operator.requests = [OperatorRequest.DISCARD]
        rollout.tick(1)
    assert rollout.sink.ends == [TIME_LIMIT]


def test_a_rewind_answers_the_robots_question(rollout: PointRollout) -> None:
    rollout.loop.runner.alert = AlertMonitor(AlertRule(threshold=0.2, debounce_steps=3, ask_me=True))
    rollout.loop.start()
    rollout.tick(6)
    runner = rollout.loop.runner
    assert runner.asking
    rollout.operator.rewind = True
    rollout.tick(2)
    assert not runner.asking
    assert runner.call_reasons == ""
    assert rollout.loop.reason.startswith("Rewound to step")
