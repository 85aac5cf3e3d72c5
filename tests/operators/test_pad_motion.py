import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mile_desktop.operators.profile import AxisBinding, PadProfile
from tests.operators.conftest import Ticks
from tests.virtual_pad import VirtualPad

STRAIGHT = PadProfile(dead_zone=0.0, expo=0.0)


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
