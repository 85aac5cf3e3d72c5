from pathlib import Path

import msgspec
import pytest

from mile_desktop.operators.gamepad import Gamepad
from mile_desktop.operators.operator import OperatorRequest
from mile_desktop.operators.profile import AxisBinding, PadButtons, PadProfile, profile_path, save_profile
from mile_desktop.operators.takeover import TakeoverMode
from tests.operators.conftest import FakeClock, MakePad, Ticks
from tests.virtual_pad import VirtualPad


def test_a_pad_with_too_little_says_what_is_missing_and_cannot_take_over(make_pad: MakePad, tick: Ticks) -> None:
    pad = make_pad("Poor", axes=2, buttons=4)
    tick()
    assert tick.gamepad.problem == (
        "“Poor” cannot take over: it has 2 axes, 4 buttons and 0 hats, but no right stick ↑↓ (z +), RT (gripper +), "
        "LT (gripper −), RB (takeover); bind other controls on the Devices page."
    )
    assert tick.gamepad.device == tick.gamepad.problem
    assert tick.gamepad.instruction == ""
    pad.move("leftx", 1.0)
    pad.tap("a")
    reading = tick()
    assert (reading.takeover, reading.connected, reading.requests) == (False, True, (OperatorRequest.SUCCESS,))


def test_a_pad_without_a_second_stick_does_not_take_over_with_half_a_command(make_pad: MakePad, tick: Ticks) -> None:
    pad = make_pad("One stick", axes=2)
    tick(2)
    pad.hold("rightshoulder")
    pad.move("leftx", 1.0)
    assert not tick(2).takeover


def test_a_mapping_that_promises_more_than_there_is_is_not_believed(make_pad: MakePad, tick: Ticks) -> None:
    # SDL keeps the mapping by GUID, and two pads of one name have the same
    make_pad("Twin").close()
    make_pad("Twin", axes=2, buttons=4)
    tick()
    assert "no right stick ↑↓ (z +), RT (gripper +)" in tick.gamepad.problem
    assert not tick().action.any()


def test_a_pad_that_lacks_only_a_request_still_drives(make_pad: MakePad, tick: Ticks) -> None:
    pad = make_pad("No D-pad", buttons=11)
    tick()
    assert tick.gamepad.problem == (
        "“No D-pad” has no D-pad → (next camera), D-pad ← (previous camera); bind other controls on the Devices page."
    )
    assert tick.gamepad.device == "No D-pad"
    pad.hold("rightshoulder")
    assert tick().takeover


def test_a_poor_pad_drives_once_its_controls_are_bound(make_pad: MakePad, tick: Ticks) -> None:
    pad = make_pad("Poor", axes=2, buttons=4)
    tick()
    buttons = PadButtons("b", "", "a", "", "", "", "x", "y", "", "")
    tick.gamepad.set_profile(PadProfile(z=AxisBinding(), gripper=AxisBinding(), buttons=buttons))
    tick()
    assert (tick.gamepad.problem, tick.gamepad.instruction) == ("", "hold B")
    pad.hold("b")
    pad.move("leftx", -1.0)
    reading = tick()
    assert reading.takeover
    assert reading.action == pytest.approx([0.0, 1.0, 0.0, 0.0], abs=1e-4)


def test_nothing_bound_cannot_take_over(pad: VirtualPad, tick: Ticks) -> None:
    tick()
    nothing = AxisBinding()
    tick.gamepad.set_profile(PadProfile(x=nothing, y=nothing, z=nothing, gripper=nothing))
    assert "Nothing on" in tick.gamepad.problem
    tick()
    pad.hold("rightshoulder")
    assert not tick().takeover


def test_a_pad_sdl_does_not_know_waits_for_bindings(make_pad: MakePad, tick: Ticks) -> None:
    pad = make_pad("Odd", known=False, axes=5, buttons=8, hats=1)
    tick()
    assert tick.gamepad.problem == (
        "The layout of “Odd” is not known; bind its controls on the Devices page before taking over."
    )
    tick.gamepad.set_profile(
        PadProfile(
            dead_zone=0.0,
            expo=0.0,
            x=AxisBinding("axis1"),
            y=AxisBinding("axis0"),
            z=AxisBinding("button6", "button7"),
            gripper=AxisBinding("trigger4"),
            buttons=PadButtons("button5", "trigger3", "hat0up", "hat0down", "", "", "button2", "button3", "", ""),
        )
    )
    pad.move("axis1", 0.5)
    pad.move("axis4", 0.0)
    pad.hold("button7")
    pad.hat(0, 0, 1)
    reading = tick()
    assert reading.action == pytest.approx([0.5, 0.0, -1.0, 0.5], abs=1e-3)
    assert reading.requests == (OperatorRequest.SUCCESS,)
    pad.hat(0, 1, 1)
    pad.hold("button5")
    pad.move("axis3", 0.9)
    reading = tick()
    assert (reading.requests, reading.takeover, reading.rewind) == ((), True, False)  # it slows while driving
    pad.hat(0, 0, -1)
    assert tick().requests == (OperatorRequest.FAILURE,)


def test_profiles_lie_in_a_folder_by_guid(tmp_path: Path, pad: VirtualPad, clock: FakeClock) -> None:
    probe = Gamepad(clock=clock)
    guid = probe.raw_state().guid
    probe.close()
    save_profile(tmp_path, PadProfile(guid=guid, mode=TakeoverMode.TOGGLE))
    gamepad = Gamepad(tmp_path, clock=clock)
    try:
        assert gamepad.instruction == "press RB"
        assert gamepad.profile == PadProfile(guid=guid, mode=TakeoverMode.TOGGLE)
    finally:
        gamepad.close()


def test_a_damaged_profile_is_said_and_the_default_used(tmp_path: Path, pad: VirtualPad, clock: FakeClock) -> None:
    profile_path(tmp_path, "").write_text("{")
    gamepad = Gamepad(tmp_path, clock=clock)
    try:
        assert "default.json" in gamepad.problem
        assert "The default profile is used." in gamepad.problem
        assert gamepad.instruction == "hold RB"
        gamepad.set_profile(msgspec.structs.replace(PadProfile(), mode=TakeoverMode.TOGGLE))
        assert (gamepad.problem, gamepad.instruction) == ("", "press RB")
    finally:
        gamepad.close()


def test_a_chosen_profile_outlives_the_cable(pad: VirtualPad, tick: Ticks) -> None:
    tick()
    tick.gamepad.set_profile(PadProfile(mode=TakeoverMode.TOGGLE))
    pad.detach()
    tick()
    pad.attach()
    tick()
    assert tick.gamepad.instruction == "press RB"
