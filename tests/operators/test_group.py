import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.operators.gamepad import Gamepad
from mile_desktop.operators.group import OperatorGroup
from mile_desktop.operators.no_operator import NoOperator
from mile_desktop.operators.operator import OperatorRequest
from mile_desktop.operators.probit import ProbitSettings, ProbitSupervisor
from mile_desktop.operators.window_input import WindowOperator
from tests.operators.conftest import FakeClock, context
from tests.virtual_pad import VirtualPad


class Application:
    """Gamepad, keyboard and on-screen pad, as a person finds them."""

    def __init__(self, gamepad: Gamepad, clock: FakeClock) -> None:
        self.clock = clock
        self.keyboard = WindowOperator("keyboard", clock=clock)
        self.screen = WindowOperator("screen", clock=clock)
        self.group = OperatorGroup([gamepad, self.keyboard, self.screen])

    def tick(self) -> tuple[bool, bool, float, str | None]:
        """Return takeover, connected, x and who drives."""
        self.clock.advance(0.05)
        reading = self.group.poll(context())
        return reading.takeover, reading.connected, round(float(reading.action[0]), 3), self.group.active_kind


@pytest.fixture
def desk(gamepad: Gamepad, clock: FakeClock) -> Application:
    return Application(gamepad, clock)


def test_an_empty_group_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one member"):
        OperatorGroup([])


def test_without_a_pad_the_keyboard_is_named(desk: Application) -> None:
    assert desk.tick() == (False, True, 0.0, None)
    assert (desk.group.device, desk.group.instruction, desk.group.kind) == ("Keyboard", "hold Space", "keyboard")


def test_a_pad_comes_first(desk: Application, pad: VirtualPad) -> None:
    desk.tick()
    assert (desk.group.device, desk.group.instruction, desk.group.kind) == (pad.name, "hold RB", "gamepad")


def test_who_takes_over_first_keeps_the_robot_until_letting_go(desk: Application, pad: VirtualPad) -> None:
    desk.tick()
    desk.keyboard.feed("keyboard", takeover=True, action=(0.5,))
    assert desk.tick() == (True, True, 0.5, "keyboard")
    assert desk.group.device == "Keyboard"
    pad.hold("rightshoulder")
    pad.move("lefty", -1.0)
    assert desk.tick() == (True, True, 0.5, "keyboard")
    desk.keyboard.feed("keyboard", takeover=False, action=())
    assert desk.tick() == (True, True, 1.0, "gamepad")
    pad.release("rightshoulder")
    assert desk.tick() == (False, True, 0.0, None)
    assert desk.group.kind == "gamepad"


def test_anybody_stops_at_any_time(desk: Application, pad: VirtualPad) -> None:
    desk.tick()
    desk.keyboard.feed("keyboard", takeover=True, action=(0.5,))
    desk.tick()
    pad.tap("back")
    desk.clock.advance(0.05)
    reading = desk.group.poll(context())
    assert (reading.requests, reading.takeover) == ((OperatorRequest.STOP,), True)


def test_a_lost_driver_is_reported_and_named_before_anybody_else_drives(desk: Application, pad: VirtualPad) -> None:
    desk.tick()
    pad.hold("rightshoulder")
    assert desk.tick()[3] == "gamepad"
    desk.screen.feed("screen", takeover=True, action=(0.25,))
    pad.detach()
    assert desk.tick() == (False, False, 0.0, None)
    assert desk.group.device == pad.name
    assert desk.tick() == (True, True, 0.25, "screen")


def test_a_silent_window_is_a_lost_driver(desk: Application, pad: VirtualPad) -> None:
    desk.keyboard.feed("keyboard", takeover=True, action=(0.5,))
    assert desk.tick()[3] == "keyboard"
    desk.clock.advance(0.5)
    reading = desk.group.poll(context())
    assert (reading.takeover, reading.connected) == (False, False)
    assert "window was busy" in reading.loss
    assert desk.tick() == (False, True, 0.0, None)
    assert desk.group.poll(context()).loss == ""


def test_losing_a_pad_that_does_not_drive_is_no_fault(desk: Application, pad: VirtualPad) -> None:
    desk.tick()
    desk.keyboard.feed("keyboard", takeover=True, action=(0.5,))
    desk.tick()
    pad.detach()
    assert desk.tick() == (True, True, 0.5, "keyboard")


def test_an_armed_discard_shows_through(desk: Application, pad: VirtualPad) -> None:
    desk.tick()
    pad.tap("x")
    desk.clock.advance(0.05)
    assert desk.group.poll(context()).discard_armed


def test_a_new_episode_forgets_who_drove(desk: Application, pad: VirtualPad) -> None:
    desk.keyboard.feed("keyboard", takeover=True, action=(0.5,))
    desk.tick()
    desk.keyboard.feed("keyboard", takeover=False, action=())
    desk.tick()
    assert desk.group.kind == "keyboard"
    desk.group.reset(3)
    assert desk.group.kind == "gamepad"


def test_a_supervisor_in_a_group_draws_what_it_would_draw_alone() -> None:
    def expert(observation: np.ndarray) -> np.ndarray:
        return np.ones(4, np.float32)

    settings = ProbitSettings(expert_std=0.3, cost=20.0)
    alone, member = ProbitSupervisor(expert, settings), ProbitSupervisor(expert, settings)
    group = OperatorGroup([NoOperator(), member])
    alone.reset(5)
    group.reset(5)
    told = [(alone.poll(context()).takeover, group.poll(context()).takeover) for _ in range(200)]
    assert all(one == other for one, other in told)
    assert 0 < sum(one for one, _ in told) < 200


steps = st.lists(st.tuples(st.booleans(), st.booleans(), st.floats(0.0, 0.7)), max_size=40)


@given(steps)
def test_the_driver_never_changes_while_it_drives(story: list[tuple[bool, bool, float]]) -> None:
    clock = FakeClock()
    keyboard, screen = (WindowOperator(source, clock=clock) for source in ("keyboard", "screen"))
    group = OperatorGroup([keyboard, screen])
    before: str | None = None
    for keyboard_down, screen_down, silence_s in story:
        keyboard.feed("keyboard", takeover=keyboard_down, action=(0.25,))
        screen.feed("screen", takeover=screen_down, action=(-0.25,))
        clock.advance(silence_s)
        reading = group.poll(context())
        still = {"keyboard": keyboard_down, "screen": screen_down}.get(before or "", False) and silence_s <= 0.5
        if still:
            assert group.active_kind == before
        if reading.takeover:
            assert reading.action[0] == {"keyboard": 0.25, "screen": -0.25}[group.active_kind or ""]
        else:
            assert group.active_kind is None
            assert not reading.action.any()
        if before is not None and silence_s > 0.5 and {"keyboard": keyboard_down, "screen": screen_down}[before]:
            assert not reading.connected
        before = group.active_kind
