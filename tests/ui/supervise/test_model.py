import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.rollout.phases import Phase, PhaseEvent, next_phase
from mile_desktop.ui.supervise.model import (
    CLOSE,
    ENABLED_ACTIONS,
    KEEP,
    OPEN,
    EpisodeAction,
    Key,
    KeyState,
    drive_action,
    enabled_actions,
    world_from_view,
)
from mile_desktop.ui.viewport.orbit import Orbit

LOOKING_ALONG_Y = Orbit(yaw_deg=0.0)
EVENTS = {
    EpisodeAction.START: PhaseEvent.START,
    EpisodeAction.RESET: PhaseEvent.RESET,
    EpisodeAction.HOLD: PhaseEvent.HOLD_PRESSED,
    EpisodeAction.RESUME: PhaseEvent.RESUME,
    EpisodeAction.STOP: PhaseEvent.STOP,
    EpisodeAction.PARTIAL: PhaseEvent.EPISODE_ENDED,
    EpisodeAction.SUCCESS: PhaseEvent.EPISODE_ENDED,
    EpisodeAction.FAILURE: PhaseEvent.EPISODE_ENDED,
    EpisodeAction.DISCARD: PhaseEvent.EPISODE_ENDED,
}


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("action", list(EpisodeAction))
def test_a_button_works_exactly_where_the_phase_table_allows_it(phase: Phase, action: EpisodeAction) -> None:
    assert (action in enabled_actions(phase)) == (next_phase(phase, EVENTS[action]) is not phase)


def test_nothing_works_before_a_session_is_loaded() -> None:
    assert enabled_actions(None) == frozenset()
    assert set(ENABLED_ACTIONS) == set(Phase)


def test_a_repeated_press_is_no_change() -> None:
    keys = KeyState()
    assert keys.press(Key.TAKEOVER)
    assert not keys.press(Key.TAKEOVER)
    assert keys.release(Key.TAKEOVER)
    assert not keys.release(Key.TAKEOVER)


def test_keys_become_an_action_as_seen_from_the_camera() -> None:
    keys = KeyState()
    for key in (Key.TAKEOVER, Key.AWAY, Key.LEFT, Key.UP):
        keys.press(key)
    sent = keys.as_input(LOOKING_ALONG_Y)
    assert sent.takeover
    assert sent.action == (-1.0, 1.0, 1.0, KEEP)


def test_opposite_keys_cancel() -> None:
    keys = KeyState()
    keys.press(Key.AWAY)
    keys.press(Key.NEAR)
    assert keys.as_input(LOOKING_ALONG_Y).action[:2] == (0.0, 0.0)


@given(st.sets(st.sampled_from(list(Key))))
def test_releasing_all_keys_always_hands_back(pressed: set[Key]) -> None:
    keys = KeyState()
    for key in pressed:
        keys.press(key)
    assert keys.release_all() == bool(pressed)
    sent = keys.as_input(LOOKING_ALONG_Y)
    assert not sent.takeover
    assert not sent.rewind
    assert sent.action[:3] == (0.0, 0.0, 0.0)


def test_a_takeover_keeps_the_gripper_command() -> None:
    keys = KeyState()
    keys.follow_gripper(0.7)
    assert keys.gripper == CLOSE
    keys.follow_gripper(math.nan)
    assert keys.gripper == CLOSE
    keys.press(Key.TAKEOVER)
    keys.follow_gripper(-1.0)
    assert keys.gripper == CLOSE
    keys.toggle_gripper()
    assert keys.gripper == OPEN


@pytest.mark.parametrize(
    ("yaw", "expected"), [(0.0, (0.0, 1.0)), (90.0, (-1.0, 0.0)), (180.0, (0.0, -1.0)), (-90.0, (1.0, 0.0))]
)
def test_away_is_where_the_camera_looks(yaw: float, expected: tuple[float, float]) -> None:
    assert world_from_view(0.0, 1.0, yaw) == pytest.approx(expected, abs=1e-9)


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-360, 360))
def test_turning_keeps_the_push_in_the_action_box_and_its_direction(right: float, away: float, yaw: float) -> None:
    dx, dy = world_from_view(right, away, yaw)
    assert max(abs(dx), abs(dy)) <= 1.0 + 1e-12
    angle = math.radians(yaw)
    sideways = -dx * math.sin(angle) + dy * math.cos(angle)
    along = dx * math.cos(angle) + dy * math.sin(angle)
    assert along * away == pytest.approx(sideways * right, abs=1e-9)


def test_height_and_gripper_do_not_turn() -> None:
    assert drive_action(0.0, 0.0, 2.0, -1.0, Orbit(yaw_deg=33.0)) == (0.0, 0.0, 1.0, -1.0)
