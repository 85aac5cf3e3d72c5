from dataclasses import replace

import numpy as np
import pytest

from mile_desktop.operators.driven_entries import DrivenEntries, EntryDrive
from mile_desktop.operators.window_input import WindowOperator
from tests.operators.conftest import context


def driven(drives: list[EntryDrive]) -> tuple[WindowOperator, DrivenEntries]:
    pad = WindowOperator("screen", clock=lambda: 0.0)
    return pad, DrivenEntries(pad, drives)


def push(pad: WindowOperator, *action: float) -> None:
    pad.feed("screen", takeover=True, action=action)


@pytest.mark.parametrize(
    ("name", "command", "value"),
    [
        ("right", (1.0, 0.0, 0.0, 0.0), 1.0),
        ("left", (1.0, 0.0, 0.0, 0.0), -1.0),
        ("away", (0.0, 0.5, 0.0, 0.0), 0.5),
        ("near", (0.0, 0.5, 0.0, 0.0), -0.5),
        ("up", (0.0, 0.0, 1.0, 0.0), 1.0),
        ("down", (0.0, 0.0, 1.0, 0.0), -1.0),
        ("close", (0.0, 0.0, 0.0, 1.0), 1.0),
        ("open", (0.0, 0.0, 0.0, 1.0), -1.0),
        ("none", (1.0, 1.0, 1.0, 1.0), 0.0),
    ],
)
def test_each_push_drives_its_entry(name: str, command: tuple[float, ...], value: float) -> None:
    pad, device = driven([EntryDrive("none", 0.0), EntryDrive(name, 0.0)])
    push(pad, *command)
    assert device.poll(context(2)).action.tolist() == [0.0, value]


@pytest.mark.parametrize("rest", [-1.0, -0.5, 0.0, 0.25, 1.0])
def test_letting_go_rests_and_a_full_push_reaches_either_bound(rest: float) -> None:
    pad, device = driven([EntryDrive("right", rest)])
    for command, value in ((0.0, rest), (1.0, 1.0), (-1.0, -1.0)):
        push(pad, command, 0.0, 0.0, 0.0)
        assert device.poll(context(1)).action.tolist() == pytest.approx([value])


def test_a_rate_begins_at_the_proposal_stays_when_let_go_and_stops_at_the_bound() -> None:
    pad, device = driven([EntryDrive("right", 0.0, step=0.25)])
    proposing = replace(context(1), proposal=np.array([0.5], np.float32))
    assert device.poll(proposing).action.tolist() == [0.5]
    driving = replace(proposing, intervening=True, proposal=np.array([-1.0], np.float32))
    values = []
    for command in (1.0, 1.0, 1.0, 0.0, -1.0):
        push(pad, command, 0.0, 0.0, 0.0)
        values += device.poll(driving).action.tolist()
    assert values == [0.75, 1.0, 1.0, 1.0, 0.75]


def test_it_is_known_by_its_device_and_passes_everything_else_on() -> None:
    pad, device = driven([EntryDrive("right", 0.0)] * 6)
    pad.feed("screen", takeover=True, action=(0.0,) * 4, rewind=True)
    reading = device.poll(replace(context(6), discrete=False))
    assert (device.kind, device.device, device.instruction) == ("screen", "On-screen pad", "hold “Take over”")
    assert (reading.takeover, reading.rewind, len(reading.action)) == (True, True, 6)


def test_a_proposal_that_is_not_finite_starts_a_rate_at_zero() -> None:
    pad, device = driven([EntryDrive("right", 0.0, step=0.25)])
    push(pad, 1.0, 0.0, 0.0, 0.0)
    assert device.poll(replace(context(1), proposal=np.array([np.nan], np.float32))).action.tolist() == [0.25]
