import os
import signal
import statistics
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from mile_desktop.operators.controls import SDL_AXES, SDL_BUTTONS
from mile_desktop.operators.gamepad import NO_GAMEPAD, Gamepad
from mile_desktop.operators.profile import PadProfile, save_profile
from tests.operators.conftest import FakeClock, MakePad, Ticks, context
from tests.virtual_pad import VirtualPad


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


def test_raw_state_shows_everything_and_names_what_is_touched(pad: VirtualPad, tick: Ticks) -> None:
    pad.hold("y")
    pad.move("leftx", 0.8)
    tick()
    raw = tick.gamepad.raw_state()
    assert (raw.name, len(raw.guid), len(raw.axes), len(raw.buttons), raw.connected) == (pad.name, 32, 6, 15, True)
    assert raw.axes[0] == pytest.approx(0.8, abs=1e-3)
    assert [index for index, down in enumerate(raw.buttons) if down] == [3]
    assert raw.active_controls == ("leftx", "y")
    assert raw.axis_names == SDL_AXES
    assert raw.button_names == SDL_BUTTONS[:15]


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


@pytest.mark.parametrize(("axes", "buttons"), [(1, 100), (0, 8), (6, 0)])
def test_what_is_no_gamepad_is_not_used(make_pad: MakePad, clock: FakeClock, axes: int, buttons: int) -> None:
    """Keyboards, mice and motion sensors appear as joysticks, too."""
    with closing(Gamepad(clock=clock)) as gamepad:
        make_pad("Keychron K2", axes=axes, buttons=buttons, known=False)
        for _ in range(3):
            gamepad.poll(context())
        assert gamepad.device == NO_GAMEPAD
        assert gamepad.problem == ""
        assert [each.name for each in gamepad.ignored] == ["Keychron K2"]
        make_pad("Real pad")
        gamepad.poll(context())
        assert gamepad.device == "Real pad"


def test_a_person_chooses_what_is_driven_with(make_pad: MakePad, clock: FakeClock, tmp_path: Path) -> None:
    odd = make_pad("Arcade stick", axes=1, buttons=8, known=False)
    with closing(Gamepad(tmp_path, clock=clock)) as gamepad:
        gamepad.poll(context())
        (device,) = gamepad.ignored
        gamepad.set_profile(PadProfile(guid=device.guid, use="yes"))
        gamepad.poll(context())
        assert gamepad.ignored == ()
        assert "Arcade stick" in gamepad.problem, "its controls have to be bound"
        save_profile(tmp_path, PadProfile(guid=device.guid, use="no"))
        gamepad.set_profile(PadProfile(guid=device.guid, use="no"))
        gamepad.poll(context())
        assert gamepad.device == NO_GAMEPAD
    with closing(Gamepad(tmp_path, clock=clock)) as again:
        again.poll(context())
        assert again.ignored == (device,), "it is remembered"
        odd.close()
        again.poll(context())
        assert again.ignored == ()


def test_a_pad_that_is_left_out_while_it_drives_is_reported_as_gone(make_pad: MakePad, clock: FakeClock) -> None:
    """Another pad must not take its place in the same tick: that would hand back to the policy."""
    first = make_pad("First pad")
    with closing(Gamepad(clock=clock)) as gamepad:
        gamepad.poll(context())
        assert gamepad.profile is not None
        guid = gamepad.profile.guid
        first.hold("rightshoulder")
        assert gamepad.poll(context()).takeover
        make_pad("Second pad")
        gamepad.poll(context())
        gamepad.set_profile(PadProfile(guid=guid, use="no"))
        reading = gamepad.poll(context())
        assert (reading.takeover, reading.connected) == (False, False)
        assert gamepad.device == "First pad"
        assert gamepad.poll(context()).connected
