from dataclasses import replace

import numpy as np
import pytest

from mile_desktop.operators.discrete_controls import DiscreteControls, chosen_push
from mile_desktop.operators.group import OperatorGroup
from mile_desktop.operators.window_input import WindowOperator
from tests.operators.conftest import Ticks, context
from tests.virtual_pad import VirtualPad

PUSHES = ("rest", "left", "up", "right")


@pytest.mark.parametrize(
    ("push", "chosen"),
    [
        ((0.0, 0.0, 0.0, 0.0), "rest"),
        ((0.2, -0.2, 0.1, 0.2), "rest"),
        ((1.0, 0.0, 0.0, 0.0), "right"),
        ((-0.5, 0.2, 0.0, 0.0), "left"),
        ((0.0, 1.0, 0.0, 0.0), "up"),
        ((0.0, 0.0, 1.0, 0.0), "up"),
        ((0.3, 0.0, 0.0, 0.9), "up"),
        ((0.0, 0.0, -1.0, 0.0), "down"),
        ((-1.0, 1.0, 0.0, 0.0), "left"),
    ],
)
def test_the_strongest_push_counts_and_sideways_of_equal_ones(push: tuple[float, ...], chosen: str) -> None:
    assert chosen_push(push) == chosen


@pytest.mark.parametrize(("push", "action"), [((-1.0, 0.0, 0.0), 1), ((0.0, 0.0, -1.0), 0), ((0.0, 1.0, 0.0), 2)])
def test_a_device_chooses_one_of_the_actions(push: tuple[float, ...], action: int) -> None:
    keyboard = WindowOperator("keyboard", clock=lambda: 0.0)
    device = DiscreteControls(keyboard, PUSHES, gripper=False)
    group = OperatorGroup([device])
    keyboard.feed("keyboard", takeover=True, action=(*push, 1.0))
    reading = group.poll(replace(context(4), discrete=True))
    assert reading.takeover
    assert reading.action.tolist() == np.eye(4)[action].tolist()
    assert (group.kind, group.device, group.instruction) == ("keyboard", "Keyboard", "hold Space")


def test_a_kept_grip_chooses_nothing_but_a_trigger_does() -> None:
    keyboard = WindowOperator("keyboard", clock=lambda: 0.0)
    keyboard.feed("keyboard", takeover=True, action=(0.0, 0.0, 0.0, 1.0))
    kept = DiscreteControls(keyboard, PUSHES, gripper=False).poll(context(4))
    pulled = DiscreteControls(keyboard, PUSHES, gripper=True).poll(context(4))
    assert (kept.action.argmax(), pulled.action.argmax()) == (0, 2)
    # five actions: the pushes need not be as many as a push has entries
    assert len(DiscreteControls(keyboard, (*PUSHES, "down"), gripper=True).poll(context(5)).action) == 5


@pytest.mark.parametrize(
    ("control", "position", "action"),
    [
        ("leftx", -1.0, 1),
        ("leftx", 1.0, 3),
        ("lefty", -1.0, 2),
        ("righty", -1.0, 2),
        ("righttrigger", 1.0, 2),
        ("lefty", 1.0, 0),  # nothing is done by pushing down
    ],
)
def test_a_gamepad_chooses_engines_as_they_are_seen(
    pad: VirtualPad, tick: Ticks, control: str, position: float, action: int
) -> None:
    tick.gamepad.set_view_yaw(90.0)  # a flat scene is seen along +y
    device = DiscreteControls(tick.gamepad, PUSHES, gripper=True)
    tick()
    pad.hold("rightshoulder")
    pad.move(control, position)
    tick.clock.advance(0.05)
    reading = device.poll(replace(context(4), discrete=True))
    assert reading.takeover
    assert reading.action.argmax() == action
    assert (device.kind, device.instruction) == ("gamepad", "release RB to let go")
