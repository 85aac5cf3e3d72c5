import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.operators.hand_response import RAMP_FROM, RAMP_S, SLOW, WHOLE, Hand, HandResponse
from mile_desktop.operators.window_input import WindowOperator
from tests.operators.conftest import FakeClock, context

AHEAD = (1.0, 0.0, 0.0)
TICK_S = 0.05
entries = st.floats(-1, 1)
pushes = st.lists(st.tuples(st.tuples(entries, entries, entries), st.booleans(), st.floats(0.1, 1.0)), max_size=40)


def hold(response: HandResponse, push: tuple[float, float, float], ticks: int, hand: Hand = WHOLE) -> list[float]:
    return [math.hypot(*response.shape(push, hand, 10.0 + TICK_S * tick)) for tick in range(ticks)]


def test_a_held_key_begins_slowly_and_reaches_full_speed() -> None:
    lengths = hold(HandResponse(), AHEAD, 30)
    assert lengths[0] == pytest.approx(RAMP_FROM)
    assert lengths == sorted(lengths)
    assert lengths[round(RAMP_S / TICK_S)] == pytest.approx(1.0)


def test_a_tap_is_a_short_way() -> None:
    """Two ticks of a scene with 0.25 m/s: 12.5 mm a tick at full speed."""
    assert 12.5 * sum(hold(HandResponse(), AHEAD, 2)) < 4.0
    assert 12.5 * sum(hold(HandResponse(), AHEAD, 2, Hand(slow=True))) < 1.0


def test_letting_go_stops_at_once_and_the_next_push_begins_slowly_again() -> None:
    response = HandResponse()
    hold(response, AHEAD, 30)
    assert response.shape((0.0, 0.0, 0.0), Hand(), 20.0) == (0.0, 0.0, 0.0)
    assert response.shape(AHEAD, Hand(), 20.05)[0] == pytest.approx(RAMP_FROM)


def test_the_opposite_key_begins_slowly_but_a_second_one_does_not() -> None:
    response = HandResponse()
    hold(response, AHEAD, 30)
    assert math.hypot(*response.shape((1.0, 1.0, 0.0), Hand(), 20.0)) > 1.0
    assert response.shape((-1.0, -1.0, 0.0), Hand(), 20.05)[0] == pytest.approx(-RAMP_FROM)


def test_letting_go_of_the_slow_key_begins_slowly_again() -> None:
    response = HandResponse()
    assert hold(response, AHEAD, 30, Hand(slow=True))[-1] == pytest.approx(SLOW)
    assert response.shape(AHEAD, Hand(), 20.0)[0] == pytest.approx(RAMP_FROM)


@given(pushes)
def test_a_command_keeps_the_direction_of_its_push_and_never_exceeds_it(
    steps: list[tuple[tuple[float, float, float], bool, float]],
) -> None:
    response = HandResponse()
    for tick, (push, slow, speed) in enumerate(steps):
        command = response.shape(push, Hand(slow, speed), TICK_S * tick)
        for asked, done in zip(push, command, strict=True):
            assert abs(done) <= abs(asked) * speed * (SLOW if slow else 1.0) + 1e-9
            assert asked * done >= 0.0


def test_the_keyboard_drives_with_ramp_slow_key_and_speed(clock: FakeClock) -> None:
    keyboard = WindowOperator("keyboard", clock=clock)
    for _ in range(30):
        keyboard.feed("keyboard", takeover=True, action=(0.0, -1.0, 0.0, 1.0), hand=Hand(slow=True, speed=0.5))
        reading = keyboard.poll(context())
        clock.advance(TICK_S)
    assert reading.action.tolist() == pytest.approx([0.0, -0.5 * SLOW, 0.0, 1.0])


def test_the_screen_pad_has_a_speed_but_no_ramp(clock: FakeClock) -> None:
    """Its stick is pushed as far as the person wants."""
    screen = WindowOperator("screen", clock=clock)
    screen.feed("screen", takeover=True, action=(0.4, 0.0, 0.2, -1.0), hand=Hand(speed=0.5))
    assert screen.poll(context()).action.tolist() == pytest.approx([0.2, 0.0, 0.1, -1.0])
