import math

from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.ui.supervise.keyboard_model import CLOSE, KEEP, OPEN, Key, KeyState
from mile_desktop.ui.viewport.orbit import Orbit

LOOKING_ALONG_Y = Orbit(yaw_deg=0.0)


def test_repeated_presses_are_no_news() -> None:
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
def test_letting_everything_go_always_hands_back(pressed: set[Key]) -> None:
    keys = KeyState()
    for key in pressed:
        keys.press(key)
    assert keys.release_all() == bool(pressed)
    sent = keys.as_input(LOOKING_ALONG_Y)
    assert not sent.takeover
    assert not sent.rewind
    assert sent.action[:3] == (0.0, 0.0, 0.0)


def test_the_gripper_is_taken_over_as_it_is() -> None:
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
