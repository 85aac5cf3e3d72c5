import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.operators.operator import OperatorRequest
from mile_desktop.registry.running_policy import RunningPolicy
from mile_desktop.rollout.alert import AlertMonitor, AlertRule
from mile_desktop.rollout.messages import CameraRequest, Note, StepTaken
from mile_desktop.rollout.phases import Phase
from mile_desktop.storage.call_curve import call_rows
from tests.rollout.point_scene import ConstantPolicy, FixedEstimator, PointRollout


@pytest.fixture
def rollout() -> PointRollout:
    return PointRollout()


def test_nothing_moves_before_start(rollout: PointRollout) -> None:
    rollout.tick(5)
    assert rollout.loop.phase is Phase.IDLE
    assert not rollout.sink.starts
    assert rollout.scene.steps == 0


def test_the_policy_drives_to_success_and_every_silent_step_is_recorded(rollout: PointRollout) -> None:
    rollout.loop.start()
    rollout.tick(20)
    assert rollout.sink.ends == ["success"]
    assert len(rollout.sink.steps) == 20
    step = rollout.sink.steps[3]
    assert (step.intervention, step.human_action) == (False, None)
    assert step.intervention_prob == 0.25
    assert step.control_phase == "autonomous"
    assert np.array_equal(step.policy_action, step.action)
    assert [s.success for s in rollout.sink.steps] == [False] * 19 + [True]


def test_a_takeover_is_executed_in_the_tick_in_which_it_is_pressed(rollout: PointRollout) -> None:
    rollout.loop.start()
    rollout.tick(2)
    rollout.operator.takeover = True
    rollout.operator.action = -0.25
    rollout.tick(2)
    rollout.operator.takeover = False
    rollout.tick()
    assert rollout.executed() == [0.5, 0.5, 0.25, 0.0, 0.25], "in steps of the slew limit"
    assert [float(s.human_action[0]) for s in rollout.sink.steps if s.human_action is not None] == [-0.25, -0.25]
    assert [s.intervention for s in rollout.sink.steps] == [False, False, True, True, False]
    assert float(rollout.sink.steps[2].policy_action[0]) == 0.5
    assert rollout.scene.rebased == 2  # once when the operator takes over, once when the policy does


def test_a_pause_inside_a_correction_is_still_an_intervention(rollout: PointRollout) -> None:
    rollout.loop.start()
    rollout.operator.takeover = True
    rollout.operator.action = 0.0
    rollout.tick(3)
    assert all(s.intervention for s in rollout.sink.steps)
    assert rollout.loop.runner.episode is not None
    assert (rollout.loop.runner.episode.takeovers, rollout.loop.runner.episode.human_steps) == (1, 3)


def test_a_device_lost_in_a_takeover_holds_until_resumed(rollout: PointRollout) -> None:
    rollout.loop.start()
    rollout.operator.takeover = True
    rollout.tick(2)
    rollout.operator.connected = False
    rollout.tick(3)
    assert rollout.loop.phase is Phase.HOLD
    assert "Test pad is gone" in rollout.loop.reason
    assert "busy" not in rollout.loop.reason
    assert len(rollout.sink.steps) == 2
    rollout.operator.connected = True
    rollout.tick(3)
    assert rollout.loop.phase is Phase.HOLD, "a button that is still down is no new takeover"
    rollout.operator.takeover = False
    rollout.tick()
    rollout.loop.toggle_hold()
    rollout.tick()
    assert rollout.loop.phase is Phase.AUTONOMOUS


def test_a_device_lost_while_the_policy_drives_is_no_fault(rollout: PointRollout) -> None:
    rollout.loop.start()
    rollout.operator.connected = False
    rollout.tick(2)
    assert rollout.loop.phase is Phase.AUTONOMOUS


def test_holding_moves_nothing_and_a_new_press_takes_over(rollout: PointRollout) -> None:
    rollout.loop.start()
    rollout.tick(2)
    rollout.operator.requests = [OperatorRequest.TOGGLE_HOLD]
    rollout.tick(4)
    assert rollout.loop.phase is Phase.HOLD
    assert len(rollout.sink.steps) == 2
    rollout.operator.takeover = True
    rollout.tick()
    assert rollout.loop.phase is Phase.TAKEOVER


@pytest.mark.parametrize("by", ["person", "fault"])
def test_a_takeover_that_began_in_a_hold_ends_in_the_hold(rollout: PointRollout, by: str) -> None:
    rollout.loop.start()
    rollout.tick(2)
    rollout.loop.toggle_hold() if by == "person" else rollout.loop.fault("Keyboard is gone.")
    rollout.tick(2)
    rollout.operator.takeover = True
    rollout.tick(2)
    assert rollout.loop.holds_after_takeover
    rollout.operator.takeover = False
    rollout.tick(3)
    assert rollout.loop.phase is Phase.HOLD
    assert rollout.loop.reason == "The robot holds, as it did before the takeover. Resume when you are ready."
    assert [step.intervention for step in rollout.sink.steps] == [False, False, True, True]
    rollout.tick(3)
    rollout.loop.toggle_hold()
    rollout.tick()
    assert rollout.loop.phase is Phase.AUTONOMOUS


@pytest.mark.parametrize("action", [math.nan, math.inf, -math.inf])
def test_a_broken_axis_never_cancels_the_takeover_and_is_said_once(rollout: PointRollout, action: float) -> None:
    rollout.loop.start()
    rollout.tick(2)
    rollout.operator.takeover, rollout.operator.action = True, action
    rollout.tick(5)
    assert rollout.loop.phase is Phase.TAKEOVER
    assert rollout.executed()[2:] == [0.25, 0.0, 0.0, 0.0, 0.0]
    (note,) = [event for event in rollout.events if isinstance(event, Note)]
    assert "not finite" in note.text
    assert "You drive" in note.text


@pytest.mark.parametrize("action", [math.nan, math.inf, 1.5])
def test_an_unusable_policy_output_holds_and_says_why(rollout: PointRollout, action: float) -> None:
    rollout.loop.start()
    rollout.tick()
    rollout.policy.action = action
    rollout.tick(2)
    assert rollout.loop.phase is Phase.HOLD
    assert "The policy's action" in rollout.loop.reason
    assert len(rollout.sink.steps) == 1


def test_a_failing_simulator_holds_and_the_episode_can_be_ended(rollout: PointRollout) -> None:
    rollout.scene.breaks_at = 2
    rollout.loop.start()
    rollout.tick(4)
    assert rollout.loop.phase is Phase.HOLD
    assert "the physics server does not answer" in rollout.loop.reason
    rollout.loop.end_episode("failure")
    assert rollout.sink.ends == ["failure"]


def test_a_full_disk_holds_until_there_is_room(rollout: PointRollout) -> None:
    rollout.loop.start()
    rollout.tick(2)
    rollout.sink.problem = "The disk is full."
    rollout.operator.takeover = True
    rollout.tick(2)
    assert rollout.loop.phase is Phase.HOLD
    assert rollout.loop.reason == "The disk is full."
    rollout.sink.problem = ""
    rollout.operator.takeover = False
    rollout.tick(4)
    rollout.loop.toggle_hold()
    rollout.tick()
    assert rollout.loop.phase is Phase.AUTONOMOUS


def test_a_stale_camera_holds_policy_and_operator_until_resumed(rollout: PointRollout) -> None:
    rollout.loop.start()
    rollout.tick(2)
    rollout.hazard = "Camera wrist is stale."
    rollout.tick()
    assert rollout.loop.phase is Phase.HOLD
    rollout.operator.takeover = True
    rollout.loop.toggle_hold()
    rollout.hazard = "Camera wrist is staler."
    rollout.tick(2)
    assert rollout.loop.phase is Phase.HOLD
    assert rollout.loop.reason == "Camera wrist is staler."
    rollout.hazard = ""
    rollout.operator.takeover = False
    rollout.tick(4)
    assert rollout.loop.phase is Phase.HOLD
    assert "Resume" in rollout.loop.reason
    assert len(rollout.sink.steps) == 2
    rollout.loop.toggle_hold()
    rollout.tick()
    assert len(rollout.sink.steps) == 3


def test_stop_is_latched_and_keeps_the_episode(rollout: PointRollout) -> None:
    rollout.loop.start(3)
    rollout.tick(2)
    rollout.operator.requests = [OperatorRequest.STOP]
    rollout.tick(3)
    assert rollout.sink.ends == ["aborted"]
    assert rollout.loop.phase is Phase.STOPPED
    rollout.loop.start()
    rollout.tick(6)
    assert rollout.loop.phase is Phase.STOPPED
    rollout.operator.requests = [OperatorRequest.START]
    rollout.tick()
    assert rollout.loop.phase is Phase.IDLE


def test_a_stop_wins_over_a_takeover_of_the_same_tick(rollout: PointRollout) -> None:
    rollout.loop.start()
    rollout.tick(2)
    rollout.operator.takeover = True
    rollout.operator.requests = [OperatorRequest.STOP]
    rollout.tick()
    assert rollout.loop.phase is Phase.STOPPED
    assert len(rollout.sink.steps) == 2
    assert rollout.sink.ends == ["aborted"]


def test_every_request_of_an_operator_is_handled_and_camera_requests_are_passed_on(rollout: PointRollout) -> None:
    for request in OperatorRequest:
        rollout.operator.requests = [request]
        rollout.tick()
    directions = [event.direction for event in rollout.events if isinstance(event, CameraRequest)]
    assert directions == [1, -1]


def test_a_run_of_episodes_uses_fresh_seeds(rollout: PointRollout) -> None:
    rollout.loop.start(3)
    rollout.tick(80)
    assert rollout.sink.ends == ["success"] * 3
    assert [start.seed for start in rollout.sink.starts] == [7, 8, 9]
    assert rollout.loop.phase is Phase.IDLE


def test_a_discarded_episode_is_recorded_again_from_the_same_start(rollout: PointRollout) -> None:
    rollout.loop.start()
    rollout.tick(3)
    rollout.operator.requests = [OperatorRequest.DISCARD]
    rollout.tick(6)
    assert rollout.sink.ends == ["discarded"]
    assert [start.seed for start in rollout.sink.starts] == [7, 7]
    assert rollout.loop.phase is Phase.AUTONOMOUS


def test_marks_end_the_episode(rollout: PointRollout) -> None:
    rollout.loop.start(2)
    rollout.tick(2)
    rollout.operator.requests = [OperatorRequest.FAILURE]
    rollout.tick(5)
    rollout.operator.requests = [OperatorRequest.SUCCESS]
    rollout.tick()
    assert rollout.sink.ends == ["failure", "success"]


def test_a_time_limit_is_an_outcome_of_its_own() -> None:
    rollout = PointRollout(action=0.0)
    rollout.loop.start()
    rollout.tick(31)
    assert rollout.sink.ends == ["time limit"]
    assert len(rollout.sink.steps) == 30


@pytest.mark.parametrize("kind", ["keyboard", "gamepad", "screen"])
def test_a_time_limit_never_cuts_off_a_person(kind: str) -> None:
    rollout = PointRollout(action=0.0)
    rollout.operator.kind = kind
    rollout.loop.start()
    rollout.tick(20)
    rollout.operator.takeover, rollout.operator.action = True, 0.4
    rollout.tick(24)  # 14 steps past the limit
    assert rollout.loop.phase is Phase.TAKEOVER
    rollout.tick(6)
    assert rollout.sink.ends == ["success"]


def test_the_limit_counts_again_when_the_person_hands_back_and_for_simulated_supervisors() -> None:
    rollout = PointRollout(action=0.0)
    rollout.operator.kind, rollout.operator.action = "keyboard", 0.0
    rollout.operator.takeover = True
    rollout.loop.start()
    rollout.tick(35)
    assert not rollout.sink.ends
    rollout.operator.takeover = False
    rollout.tick()
    assert rollout.sink.ends == ["time limit"]
    simulated = PointRollout(action=0.0)
    simulated.operator.takeover, simulated.operator.action = True, 0.0
    simulated.loop.start()
    simulated.tick(35)
    assert simulated.sink.ends == ["time limit"]


def test_start_pressed_just_after_an_episode_begins_another(rollout: PointRollout) -> None:
    rollout.loop.start()
    while rollout.loop.phase is not Phase.RESETTING:
        rollout.tick()
    rollout.operator.requests = [OperatorRequest.START]
    rollout.tick(4)
    assert rollout.loop.phase is Phase.AUTONOMOUS
    assert len(rollout.sink.starts) == 2


def test_a_promoted_policy_waits_for_the_next_episode(rollout: PointRollout) -> None:
    rollout.loop.start(2)
    rollout.tick(2)
    rollout.loop.promote(RunningPolicy(ConstantPolicy(1.0, "better"), "v1", FixedEstimator()))
    rollout.tick()
    assert rollout.executed()[-1] == 0.5
    rollout.tick(30)
    assert [start.policy_id for start in rollout.sink.starts] == ["constant", "better"]
    assert any(isinstance(event, Note) and "v1" in event.text for event in rollout.events)


def test_asking_holds_by_itself_and_a_takeover_answers() -> None:
    rollout = PointRollout(probability=0.9)
    rollout.loop.runner.alert = AlertMonitor(AlertRule(threshold=0.5, debounce_steps=3, ask_me=True))
    rollout.loop.start()
    rollout.tick(5)
    assert rollout.loop.phase is Phase.HOLD
    assert rollout.loop.runner.asking
    # The step with which the call came on is recorded: a recount of the recording must find the same call.
    assert len(rollout.sink.steps) == 3
    values = np.array([each.intervention_prob for each in rollout.sink.steps])
    assert call_rows(values, np.zeros(3, np.bool_), 0.5, debounce_steps=3) == (2,)
    rollout.operator.takeover = True
    rollout.tick(2)
    assert rollout.loop.phase is Phase.TAKEOVER
    assert not rollout.loop.runner.asking


def test_a_number_that_has_not_earned_it_raises_no_alarm() -> None:
    rollout = PointRollout(probability=0.9)
    rollout.estimator.earned = False
    rollout.loop.start()
    rollout.tick(10)
    assert not rollout.loop.runner.alert.active


def test_the_value_shown_is_the_value_recorded(rollout: PointRollout) -> None:
    rollout.loop.start()
    rollout.tick(4)
    shown = [event for event in rollout.events if isinstance(event, StepTaken)]
    assert [(s.step, s.probability, s.low, s.high) for s in shown] == [
        (k, r.intervention_prob, r.intervention_prob_low, r.intervention_prob_high)
        for k, r in enumerate(rollout.sink.steps)
    ]


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.sampled_from([None, *OperatorRequest])), max_size=60))
def test_whatever_the_operator_does_recorded_control_follows_the_phase(
    script: list[tuple[bool, bool, OperatorRequest | None]],
) -> None:
    rollout = PointRollout()
    rollout.loop.start(2)
    for takeover, connected, request in script:
        rollout.operator.takeover, rollout.operator.connected = takeover, connected
        rollout.operator.requests = [] if request is None else [request]
        rollout.tick()
    for step in rollout.sink.steps:
        assert step.intervention == (step.control_phase == "takeover") == (step.human_action is not None)
    assert len(rollout.sink.ends) in {len(rollout.sink.starts), len(rollout.sink.starts) - 1}


def test_in_a_study_only_the_scene_says_how_an_episode_ended(rollout: PointRollout) -> None:
    rollout.loop.guided = True
    rollout.loop.start()
    rollout.tick(3)
    for request in (OperatorRequest.SUCCESS, OperatorRequest.FAILURE, OperatorRequest.DISCARD):
        rollout.operator.requests = [request]
        rollout.tick()
    rollout.loop.end_episode("success")
    assert rollout.sink.ends == []
    rollout.tick(20)
    assert rollout.sink.ends == ["success"], "the scene's own"
