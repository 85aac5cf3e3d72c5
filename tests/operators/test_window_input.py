import math

import pytest

from mile_desktop.operators.operator import OperatorReading
from mile_desktop.operators.window_input import SOURCES, WindowOperator
from tests.operators.conftest import FakeClock, context


@pytest.fixture
def keyboard(clock: FakeClock) -> WindowOperator:
    return WindowOperator("keyboard", clock=clock)


def test_nothing_said_is_nothing_done_and_no_fault(keyboard: WindowOperator, clock: FakeClock) -> None:
    clock.advance(100.0)
    reading = keyboard.poll(context())
    assert (reading.takeover, reading.rewind, reading.connected) == (False, False, True)
    assert not reading.action.any()


def held(keyboard: WindowOperator, clock: FakeClock, action: tuple[float, ...]) -> OperatorReading:
    """Hold the keys until they drive at full speed."""
    for _ in range(25):
        keyboard.feed("keyboard", takeover=True, action=action)
        reading = keyboard.poll(context())
        clock.advance(0.05)
    return reading


def test_it_drives_with_what_was_said_last(keyboard: WindowOperator, clock: FakeClock) -> None:
    reading = held(keyboard, clock, (1.0, -0.5, 0.0, 3.0))
    assert reading.takeover
    assert reading.action.tolist() == [1.0, -0.5, 0.0, 1.0]
    keyboard.feed("keyboard", takeover=False, action=(1.0, 0.0, 0.0, 0.0))
    reading = keyboard.poll(context())
    assert not reading.takeover
    assert not reading.action.any()


def test_actions_have_the_scenes_size(keyboard: WindowOperator) -> None:
    keyboard.feed("keyboard", takeover=True, action=(0.5,))
    assert keyboard.poll(context(3)).action.tolist() == [0.5, 0.0, 0.0]


def test_silence_in_a_takeover_is_a_lost_device(keyboard: WindowOperator, clock: FakeClock) -> None:
    keyboard.feed("keyboard", takeover=True, action=(1.0,))
    clock.advance(0.5)
    assert keyboard.poll(context()).takeover
    clock.advance(0.01)
    reading = keyboard.poll(context())
    assert (reading.takeover, reading.connected) == (False, False)
    assert "window was busy" in reading.loss, "nothing was unplugged"


@pytest.mark.parametrize("looked_meanwhile", [True, False])
def test_after_silence_the_key_has_to_be_released_first(
    keyboard: WindowOperator, clock: FakeClock, looked_meanwhile: bool
) -> None:
    keyboard.feed("keyboard", takeover=True, action=(1.0,))
    clock.advance(0.8)
    if looked_meanwhile:
        keyboard.poll(context())
    keyboard.feed("keyboard", takeover=True, action=(1.0,))
    reading = keyboard.poll(context())
    assert (reading.takeover, reading.connected) == (False, True)
    keyboard.feed("keyboard", takeover=False, action=())
    keyboard.feed("keyboard", takeover=True, action=(1.0,))
    assert keyboard.poll(context()).takeover


def test_repeated_messages_keep_a_takeover_alive(keyboard: WindowOperator, clock: FakeClock) -> None:
    for _ in range(50):
        keyboard.feed("keyboard", takeover=True, action=(1.0,), now=clock.now)
        clock.advance(0.1)
        assert keyboard.poll(context()).takeover


def test_rewind_lasts_while_it_is_said(keyboard: WindowOperator, clock: FakeClock) -> None:
    keyboard.feed("keyboard", takeover=False, action=(), rewind=True)
    assert keyboard.poll(context()).rewind
    clock.advance(0.6)
    reading = keyboard.poll(context())
    assert (reading.rewind, reading.connected) == (False, True)


def test_each_source_hears_only_itself(clock: FakeClock) -> None:
    operators = {source: WindowOperator(source, clock=clock) for source in SOURCES}
    for operator in operators.values():
        operator.feed("screen", takeover=True, action=(1.0,))
    assert [source for source, each in operators.items() if each.poll(context()).takeover] == ["screen"]
    assert [each.kind for each in operators.values()] == list(SOURCES)
    assert all(each.device and each.instruction for each in operators.values())


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_broken_axis_counts_as_zero_and_the_takeover_counts(
    keyboard: WindowOperator, clock: FakeClock, value: float
) -> None:
    reading = held(keyboard, clock, (value, 0.5, 0.0, 0.0))
    assert reading.takeover
    assert reading.action[:2] == pytest.approx([0.0, 0.5])
    assert "entries that are not finite count as 0" in keyboard.problem
    keyboard.feed("keyboard", takeover=True, action=(0.0, 0.5, 0.0, 0.0))
    assert keyboard.problem == ""


def test_unknown_sources_are_refused() -> None:
    with pytest.raises(ValueError, match="no input 'mouse'; expected one of keyboard, screen"):
        WindowOperator("mouse")
