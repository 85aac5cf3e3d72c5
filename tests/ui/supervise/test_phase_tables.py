import pytest

from mile_desktop.rollout.phases import Phase, PhaseEvent, next_phase
from mile_desktop.ui.supervise.transport_model import ENABLED, Action, enabled
from mile_desktop.ui.viewport.phase_look import (
    ALERT,
    ASKING,
    LOOKS,
    look,
    progress_text,
    reason_text,
    takeover_hint,
)
from tests.ui.supervise.examples import status

EVENTS = {
    Action.START: PhaseEvent.START,
    Action.RESET: PhaseEvent.RESET,
    Action.HOLD: PhaseEvent.HOLD_PRESSED,
    Action.RESUME: PhaseEvent.RESUME,
    Action.STOP: PhaseEvent.STOP,
    Action.SUCCESS: PhaseEvent.EPISODE_ENDED,
    Action.FAILURE: PhaseEvent.EPISODE_ENDED,
    Action.DISCARD: PhaseEvent.EPISODE_ENDED,
}


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("action", list(Action))
def test_a_button_works_exactly_where_the_phase_table_lets_it(phase: Phase, action: Action) -> None:
    assert (action in enabled(phase)) == (next_phase(phase, EVENTS[action]) is not phase)


def test_nothing_works_before_a_session_is_loaded() -> None:
    assert enabled(None) == frozenset()
    assert set(ENABLED) == set(Phase)


def test_every_phase_has_its_own_word_and_a_shape() -> None:
    assert set(LOOKS) == set(Phase)
    assert len({each.word for each in LOOKS.values()}) == len(Phase)
    assert len({each.symbol for each in (*LOOKS.values(), ASKING)}) == len(Phase) + 1


def test_asking_and_alert_come_before_the_phase() -> None:
    assert look(status(phase=Phase.HOLD, asking=True)) is ASKING
    assert look(status(alert=True)) is ALERT
    assert look(status(phase=Phase.TAKEOVER, alert=True)) is LOOKS[Phase.TAKEOVER]


def test_the_badge_counts_episode_and_step() -> None:
    assert progress_text(status(), 200) == "ep 15 · step 84/200"
    assert progress_text(status(episodes_left=4), 200) == "ep 15 · step 84/200 · 4 to go"
    assert progress_text(status(phase=Phase.IDLE), 200) == ""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ""),
        ({"phase": Phase.HOLD, "reason": "The pad was unplugged"}, "The pad was unplugged · Resume or take over"),
        ({"phase": Phase.STOPPED}, "Stopped by you · Reset to go on"),
        ({"phase": Phase.HOLD, "asking": True}, "p stayed above the threshold · hold RB to help, or resume"),
        ({"alert": True}, "a takeover looks likely"),
    ],
)
def test_the_reason_says_why_and_what_to_do(changes: dict[str, object], expected: str) -> None:
    found = reason_text(status(**changes))
    assert expected in found
    assert bool(found) == bool(expected)


def test_the_hint_names_what_takes_over() -> None:
    assert takeover_hint(status()) == "Hold RB to take over · let go to hand back"
    assert takeover_hint(status(phase=Phase.TAKEOVER)) == "You drive with Xbox pad · let go to hand back"
    assert takeover_hint(status(instruction="")) == "Hold Space to take over"
