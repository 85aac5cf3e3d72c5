import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mile_desktop.operators.gamepad import NO_GAMEPAD, Gamepad
from mile_desktop.operators.operator import OperatorRequest
from mile_desktop.operators.profile import AxisBinding, PadButtons, PadProfile, profile_path, save_profile
from mile_desktop.operators.takeover import TakeoverMode
from tests.operators.conftest import FakeClock, MakePad, Ticks, context
from tests.virtual_pad import VirtualPad

STRAIGHT = PadProfile(dead_zone=0.0, expo=0.0)


def test_without_a_pad_it_says_so_and_nothing_happens(gamepad: Gamepad, tick: Ticks) -> None:
    reading = tick()
    assert (reading.takeover, reading.connected, reading.requests) == (False, False, ())
    assert (gamepad.device, gamepad.instruction, gamepad.problem) == (NO_GAMEPAD, "", "")
    assert not gamepad.raw_state().connected
    assert not gamepad.rumble()


def test_a_pad_is_noticed_when_plugged_in_and_when_it_was_there_before(make_pad: MakePad, clock: FakeClock) -> None:
    make_pad("First")
    gamepad = Gamepad(clock=clock)
    try:
        assert gamepad.device == "First"
        assert gamepad.poll(context()).connected
        make_pad("Second")
        gamepad.poll(context())
        assert gamepad.device == "First"
    finally:
        gamepad.close()


def test_it_can_be_opened_again_in_the_same_process(make_pad: MakePad, clock: FakeClock) -> None:
    pad = make_pad()
    for _ in range(3):
        gamepad = Gamepad(clock=clock)
        gamepad.poll(context())
        pad.hold("rightshoulder")
        assert gamepad.poll(context()).takeover
        pad.release("rightshoulder")
        gamepad.close()


def test_right_bumper_takes_over_while_held(pad: VirtualPad, tick: Ticks) -> None:
    tick()
    assert (tick.gamepad.device, tick.gamepad.instruction) == (pad.name, "hold RB")
    pad.hold("rightshoulder")
    assert tick().takeover
    assert tick(10).takeover
    pad.release("rightshoulder")
    assert not tick().takeover


@pytest.mark.parametrize(
    ("control", "position", "entry", "sign"),
    [
        ("lefty", -1.0, 0, 1.0),  # up: away from the viewer
        ("lefty", 1.0, 0, -1.0),
        ("leftx", -1.0, 1, 1.0),  # left
        ("leftx", 1.0, 1, -1.0),
        ("righty", -1.0, 2, 1.0),  # up
        ("righty", 1.0, 2, -1.0),
        ("righttrigger", 1.0, 3, 1.0),  # close
        ("lefttrigger", 1.0, 3, -1.0),  # open
    ],
)
def test_each_control_moves_what_it_should(
    pad: VirtualPad, tick: Ticks, *, control: str, position: float, entry: int, sign: float
) -> None:
    tick()
    pad.move(control, position)
    action = tick().action
    assert action[entry] == pytest.approx(sign, abs=1e-4)
    assert np.count_nonzero(action) == 1


def test_resting_triggers_cancel(pad: VirtualPad, tick: Ticks) -> None:
    tick.gamepad.set_profile(STRAIGHT)
    pad.move("righttrigger", 0.75)
    pad.move("lefttrigger", 0.25)
    assert tick().action[3] == pytest.approx(0.5, abs=1e-3)


def test_small_motion_is_nothing(pad: VirtualPad, tick: Ticks) -> None:
    tick()
    pad.move("leftx", 0.11)
    assert not tick().action.any()
    pad.move("leftx", 0.13)
    assert tick().action.any()


def test_curve_speed_and_inversion_come_from_the_profile(pad: VirtualPad, tick: Ticks) -> None:
    tick()
    axis = AxisBinding("lefty", invert=False, speed=0.5)
    tick.gamepad.set_profile(PadProfile(dead_zone=0.2, expo=1.0, x=axis))
    pad.move("lefty", 0.6)
    assert tick().action[0] == pytest.approx(0.5 * 0.5**3, abs=1e-3)


def test_left_is_left_as_seen_from_the_other_side(pad: VirtualPad, tick: Ticks) -> None:
    tick.gamepad.set_view_yaw(180.0)
    pad.move("leftx", -1.0)
    assert tick().action[:2] == pytest.approx([0.0, -1.0], abs=1e-4)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries({name: st.floats(-1.0, 1.0) for name in ("leftx", "lefty", "rightx", "righty")}),
    st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)),
    st.floats(-180.0, 180.0),
    st.floats(0.0, 0.9),
    st.floats(0.0, 1.0),
)
def test_whatever_the_thumbs_do_the_action_is_in_the_box(  # noqa: PLR0917
    pad: VirtualPad,
    tick: Ticks,
    sticks: dict[str, float],
    triggers: tuple[float, float],
    yaw_deg: float,
    dead_zone: float,
    expo: float,
) -> None:
    tick()
    tick.gamepad.set_profile(PadProfile(dead_zone=dead_zone, expo=expo))
    tick.gamepad.set_view_yaw(yaw_deg)
    for name, position in sticks.items():
        pad.move(name, position)
    pad.move("lefttrigger", triggers[0])
    pad.move("righttrigger", triggers[1])
    action = tick().action
    assert action.dtype == np.float32
    assert np.all(np.isfinite(action))
    assert np.all(np.abs(action) <= 1.0)
    if max(map(abs, (sticks["leftx"], sticks["lefty"]))) < dead_zone - 1e-4:
        assert not action[:2].any()


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
    assert (reading.requests, reading.takeover, reading.rewind) == ((), True, True)
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


def test_raw_state_shows_everything_and_names_what_is_touched(pad: VirtualPad, tick: Ticks) -> None:
    pad.hold("y")
    pad.move("leftx", 0.8)
    tick()
    raw = tick.gamepad.raw_state()
    assert (raw.name, len(raw.guid), len(raw.axes), len(raw.buttons), raw.connected) == (pad.name, 32, 6, 15, True)
    assert raw.axes[0] == pytest.approx(0.8, abs=1e-3)
    assert [index for index, down in enumerate(raw.buttons) if down] == [3]
    assert raw.active_controls == ("leftx", "y")


def test_rumble_reaches_the_pad(pad: VirtualPad, tick: Ticks) -> None:
    tick()
    assert tick.gamepad.rumble(0.5, 100)
    assert pad.rumbles == [(32767, 32767)]


@pytest.mark.parametrize("size", [1, 2, 4, 7])
def test_actions_have_the_scenes_size(pad: VirtualPad, gamepad: Gamepad, size: int) -> None:
    pad.move("lefty", -1.0)
    action = gamepad.poll(context(size)).action
    assert action.shape == (size,)
    assert action[0] == pytest.approx(1.0, abs=1e-4)


def test_a_poll_costs_microseconds(pad: VirtualPad, tick: Ticks) -> None:
    tick()
    took = []
    for count in range(400):
        pad.move("leftx", count % 100 / 100)
        began = time.perf_counter()
        tick.gamepad.poll(context())
        took.append(time.perf_counter() - began)
    # 26 µs were measured on an idle core; a control tick has 50,000
    assert statistics.median(took) < 1e-3


def test_where_sdl_cannot_start_there_is_a_sentence_instead_of_a_crash(clock: FakeClock) -> None:
    script = (
        "import os, sys\n"
        "from mile_desktop.operators import sdl\n"
        "sdl.ENVIRONMENT['SDL_VIDEODRIVER'] = 'no such driver'\n"
        "from mile_desktop.operators.gamepad import Gamepad\n"
        "from tests.operators.conftest import context\n"
        "gamepad = Gamepad()\n"
        "assert not gamepad.poll(context()).connected\n"
        "gamepad.close()\n"
        "sys.stdout.write(gamepad.device)\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=Path.cwd())
    assert ran.returncode == 0, ran.stderr
    assert "Gamepads cannot be read here" in ran.stdout


def test_sdl_leaves_signals_alone() -> None:
    script = (
        "import sys, signal\n"
        "from mile_desktop.operators.gamepad import Gamepad\n"
        "gamepad = Gamepad()\n"
        "sys.stdout.write('ready\\n'); sys.stdout.flush()\n"
        "signal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) == -signal.SIGTERM
