import pytest

from mile_desktop.operators.gamepad import NO_GAMEPAD
from mile_desktop.operators.operator import OperatorRequest
from tests.operators.conftest import MakePad, Ticks
from tests.virtual_pad import VirtualPad


def test_unplugged_in_a_takeover_is_lost_and_named(pad: VirtualPad, tick: Ticks) -> None:
    tick()
    pad.hold("rightshoulder")
    pad.move("lefty", -1.0)
    assert tick().takeover
    pad.detach()
    reading = tick()
    assert (reading.takeover, reading.connected) == (False, False)
    assert tick.gamepad.device == pad.name
    tick()
    assert tick.gamepad.device == NO_GAMEPAD


def test_plugged_in_again_with_a_finger_on_the_button_waits_for_its_release(pad: VirtualPad, tick: Ticks) -> None:
    tick()
    pad.hold("rightshoulder")
    tick()
    pad.detach()
    tick()
    pad.attach()
    pad.hold("rightshoulder")
    reading = tick(3)
    assert (reading.takeover, reading.connected) == (False, True)
    pad.release("rightshoulder")
    tick()
    pad.hold("rightshoulder")
    assert tick().takeover


def test_a_pad_that_comes_and_goes_between_two_ticks_takes_no_stop_with_it(make_pad: MakePad, tick: Ticks) -> None:
    pad = make_pad("Steady")
    tick()
    pad.tap("back")
    for _ in range(3):
        make_pad("Loose cable").close()
    pad.tap("a")
    assert tick().requests == (OperatorRequest.STOP, OperatorRequest.SUCCESS)
    assert tick.gamepad.device == "Steady"


def test_lost_is_said_even_where_another_pad_is_there(make_pad: MakePad, tick: Ticks) -> None:
    driving, other = make_pad("Driving"), make_pad("Other")
    tick()
    driving.hold("rightshoulder")
    assert tick().takeover
    driving.detach()
    assert not tick().connected
    assert tick().connected
    assert tick.gamepad.device == "Other"
    other.hold("rightshoulder")
    assert tick().takeover


def test_unplugging_a_pad_that_does_not_drive_changes_nothing(make_pad: MakePad, tick: Ticks) -> None:
    driving, other = make_pad("Driving"), make_pad("Other")
    tick()
    driving.hold("rightshoulder")
    tick()
    other.detach()
    reading = tick()
    assert (reading.takeover, reading.connected, tick.gamepad.device) == (True, True, "Driving")


def test_the_pad_touched_last_is_listened_to_but_a_driver_keeps_the_robot(make_pad: MakePad, tick: Ticks) -> None:
    first, second = make_pad("First"), make_pad("Second")
    tick()
    second.move("leftx", 0.9)
    tick()
    assert tick.gamepad.device == "Second"
    second.move("leftx", 0.0)
    first.hold("rightshoulder")
    first.move("lefty", -1.0)
    assert tick().takeover
    assert tick.gamepad.device == "First"
    second.hold("rightshoulder")
    second.tap("back")
    reading = tick()
    assert (tick.gamepad.device, reading.requests) == ("First", (OperatorRequest.STOP,))
    assert reading.action[0] == pytest.approx(1.0, abs=1e-4)
