from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.operators.bound_pad import DoublePress
from mile_desktop.operators.takeover import (
    HoldTakeover,
    StickTakeover,
    TakeoverInput,
    TakeoverMode,
    ToggleTakeover,
    takeover_instruction,
    takeover_machine,
)

REST = TakeoverInput(held=False, presses=0, deflection=0.0)
HELD = TakeoverInput(held=True, presses=0, deflection=0.0)
PRESSED = TakeoverInput(held=False, presses=1, deflection=0.0)
MOVED = TakeoverInput(held=False, presses=0, deflection=0.4)


def test_hold_drives_exactly_while_held() -> None:
    machine = HoldTakeover()
    assert [machine.update(pad, 0.0) for pad in (REST, HELD, HELD, REST, HELD)] == [False, True, True, False, True]


def test_hold_wants_a_button_that_is_down_from_the_start_released_first() -> None:
    machine = HoldTakeover()
    assert [machine.update(pad, 0.0) for pad in (HELD, HELD, REST, HELD)] == [False, False, False, True]


def test_hold_goes_on_over_the_end_of_an_episode() -> None:
    machine = HoldTakeover()
    machine.update(REST, 0.0)
    machine.update(HELD, 0.0)
    machine.begin_episode()
    assert machine.update(HELD, 0.1)


def test_toggle_changes_at_each_press_and_an_even_number_cancels() -> None:
    machine = ToggleTakeover()
    twice = TakeoverInput(held=False, presses=2, deflection=0.0)
    told = [machine.update(pad, 0.0) for pad in (PRESSED, REST, twice, PRESSED, REST)]
    assert told == [True, True, True, False, False]


def test_toggle_lets_go_for_a_new_episode() -> None:
    machine = ToggleTakeover()
    machine.update(PRESSED, 0.0)
    machine.begin_episode()
    assert not machine.engaged


def test_stick_hands_back_after_the_delay_and_not_in_a_pause() -> None:
    machine = StickTakeover(release_delay_s=0.6)
    assert not machine.update(REST, 0.0)
    assert machine.update(MOVED, 1.0)
    assert machine.update(REST, 1.5)
    assert machine.update(MOVED, 1.55)
    assert machine.update(REST, 2.1)
    assert not machine.update(REST, 2.2)


def test_stick_off_centre_from_the_start_has_to_rest_once() -> None:
    machine = StickTakeover(release_delay_s=0.6)
    assert [machine.update(pad, now) for now, pad in enumerate((MOVED, MOVED, REST, MOVED))] == [
        False,
        False,
        False,
        True,
    ]


pads = st.builds(TakeoverInput, st.booleans(), st.integers(0, 3), st.sampled_from([0.0, 0.01, 1.0]))


@given(st.sampled_from(TakeoverMode), st.lists(pads, max_size=40))
def test_rest_for_long_enough_always_lets_go_unless_toggled(mode: TakeoverMode, story: list[TakeoverInput]) -> None:
    machine = takeover_machine(mode, release_delay_s=0.6)
    now = 0.0
    for pad in story:
        now += 0.05
        machine.update(pad, now)
    told = machine.update(REST, now + 1.0)
    expected = sum(pad.presses for pad in story) % 2 == 1 if mode is TakeoverMode.TOGGLE else False
    assert told == machine.engaged == expected


def test_instructions_say_how_to_begin_and_how_to_let_go() -> None:
    said = {takeover_instruction(mode, "RB", engaged=engaged) for mode in TakeoverMode for engaged in (False, True)}
    assert len(said) == 6
    assert takeover_instruction(TakeoverMode.HOLD, "RB", engaged=False) == "hold RB"


def test_discarding_takes_two_presses_in_time() -> None:
    discard = DoublePress(1.5)
    assert not discard.press(0.0)
    assert discard.armed(1.4)
    assert discard.press(1.5)
    assert not discard.armed(1.5)


def test_a_late_second_press_only_arms_again() -> None:
    discard = DoublePress(1.5)
    discard.press(0.0)
    assert not discard.armed(1.6)
    assert not discard.press(1.6)
    assert discard.press(1.7)


def test_a_forgotten_first_press_counts_no_more() -> None:
    discard = DoublePress(1.5)
    discard.press(0.0)
    discard.forget()
    assert not discard.press(0.1)
