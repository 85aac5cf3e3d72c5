import pytest

from mile_desktop.operators.hand_response import SLOW
from mile_desktop.operators.operator import OperatorRequest
from mile_desktop.operators.profile import PadProfile
from mile_desktop.operators.takeover import TakeoverMode
from tests.operators.conftest import Ticks
from tests.virtual_pad import VirtualPad


@pytest.mark.parametrize(
    ("button", "request_"),
    [
        ("a", OperatorRequest.SUCCESS),
        ("b", OperatorRequest.FAILURE),
        ("y", OperatorRequest.TOGGLE_HOLD),
        ("back", OperatorRequest.STOP),
        ("start", OperatorRequest.START),
        ("dpright", OperatorRequest.NEXT_CAMERA),
        ("dpleft", OperatorRequest.PREVIOUS_CAMERA),
        ("dpup", OperatorRequest.MARK_CALL),
    ],
)
def test_each_press_asks_once(pad: VirtualPad, tick: Ticks, button: str, request_: OperatorRequest) -> None:
    tick()
    pad.hold(button)
    assert tick().requests == (request_,)
    assert tick(5).requests == ()
    pad.release(button)
    assert tick().requests == ()


def test_a_tap_between_two_ticks_is_not_missed(pad: VirtualPad, tick: Ticks) -> None:
    tick()
    pad.tap("back")
    assert tick().requests == (OperatorRequest.STOP,)


def test_what_was_pressed_while_nobody_looked_is_not_done_late_but_a_stop_is(pad: VirtualPad, tick: Ticks) -> None:
    tick()
    pad.tap("a")
    pad.tap("start")
    pad.tap("back")
    tick.clock.advance(3.0)
    assert tick().requests == (OperatorRequest.STOP,)


def test_discarding_takes_two_presses_and_the_first_one_shows(pad: VirtualPad, tick: Ticks) -> None:
    tick()
    pad.tap("x")
    reading = tick()
    assert (reading.requests, reading.discard_armed, tick.gamepad.discard_armed) == ((), True, True)
    pad.tap("x")
    reading = tick()
    assert (reading.requests, reading.discard_armed) == ((OperatorRequest.DISCARD,), False)


def test_a_single_discard_press_is_forgotten(pad: VirtualPad, tick: Ticks) -> None:
    tick()
    pad.tap("x")
    assert tick().discard_armed
    assert not tick(31).discard_armed
    pad.tap("x")
    assert tick().requests == ()


def test_discard_begun_in_one_episode_does_not_end_the_next(pad: VirtualPad, tick: Ticks) -> None:
    tick()
    pad.tap("x")
    tick()
    tick.gamepad.reset(1)
    pad.tap("x")
    assert tick().requests == ()


def test_left_bumper_slows_while_the_person_drives(pad: VirtualPad, tick: Ticks) -> None:
    tick()
    pad.hold("rightshoulder")
    pad.move("lefty", -1.0)
    fast = tick(2)
    pad.hold("leftshoulder")
    slow = tick(2)
    assert slow.takeover
    assert not slow.rewind
    assert slow.action[:3] == pytest.approx(SLOW * fast.action[:3])
    assert abs(slow.action).max() > 0.1


def test_left_bumper_rewinds_while_held(pad: VirtualPad, tick: Ticks) -> None:
    tick()
    pad.hold("leftshoulder")
    assert tick(3).rewind
    pad.release("leftshoulder")
    assert not tick().rewind


def test_toggle_mode(pad: VirtualPad, tick: Ticks) -> None:
    tick()
    tick.gamepad.set_profile(PadProfile(mode=TakeoverMode.TOGGLE))
    assert tick.gamepad.instruction == "press RB"
    pad.tap("rightshoulder")
    assert tick(20).takeover
    assert tick.gamepad.instruction == "press RB again to let go"
    pad.tap("rightshoulder")
    assert not tick().takeover
    pad.tap("rightshoulder")
    tick()
    tick.gamepad.reset(1)
    assert not tick().takeover


def test_stick_mode(pad: VirtualPad, tick: Ticks) -> None:
    tick()
    tick.gamepad.set_profile(PadProfile(mode=TakeoverMode.STICK, release_delay_s=0.5))
    assert not tick().takeover
    pad.move("righty", 0.5)
    assert tick().takeover
    pad.move("righty", 0.0)
    assert tick(9).takeover
    assert not tick(2).takeover
