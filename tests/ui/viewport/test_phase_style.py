import pytest

from mile_desktop.operators.takeover import TakeoverMode, takeover_instruction
from mile_desktop.rollout.phases import HELD_AGAIN, Phase
from mile_desktop.ui.viewport.phase_style import (
    ALERT,
    ASKING,
    PHASE_STYLES,
    progress_text,
    reason_text,
    style_of,
    takeover_hint,
)
from tests.ui.supervise.examples import status


def test_every_phase_has_its_own_title_and_shape() -> None:
    assert set(PHASE_STYLES) == set(Phase)
    assert len({each.title for each in PHASE_STYLES.values()}) == len(Phase)
    assert len({each.symbol for each in (*PHASE_STYLES.values(), ASKING)}) == len(Phase) + 1


def test_asking_and_alert_take_precedence_over_the_phase() -> None:
    assert style_of(status(phase=Phase.HOLD, asking=True)) is ASKING
    assert style_of(status(alert=True)) is ALERT
    assert style_of(status(phase=Phase.TAKEOVER, alert=True)) is PHASE_STYLES[Phase.TAKEOVER]


def test_the_badge_counts_episode_and_step() -> None:
    assert progress_text(status(), 200) == "ep 15 · step 84/200"
    assert progress_text(status(episodes_left=4), 200) == "ep 15 · step 84/200 · 4 to go"
    assert progress_text(status(phase=Phase.IDLE), 200) == ""


def test_the_badge_counts_down_to_the_limit_that_the_worker_keeps() -> None:
    chosen = {"limit_steps": 400, "steps_left": 316}
    assert progress_text(status(**chosen), 200, 20.0) == "ep 15 · step 84/400 · 15.8 s left"
    driving = status(**chosen, phase=Phase.TAKEOVER)
    assert progress_text(driving, 200, 20.0) == "ep 15 · step 84/400 · no limit while you drive"
    stops = {"limit_steps": 200, "steps_left": 150, "time_stops": True}
    assert progress_text(status(**stops), 200, 20.0) == "ep 15 · step 84 · 7.5 s left"
    driving = status(**stops, phase=Phase.TAKEOVER)
    assert progress_text(driving, 200, 20.0) == "ep 15 · step 84 · 7.5 s left, stands still"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ""),
        ({"phase": Phase.HOLD, "reason": "The pad was unplugged"}, "The pad was unplugged · Resume or take over"),
        ({"phase": Phase.HOLD, "reason": HELD_AGAIN}, HELD_AGAIN.rstrip(".")),
        ({"phase": Phase.STOPPED}, "Stopped by you · Reset to continue"),
        ({"phase": Phase.HOLD, "asking": True}, "p stayed above the threshold · hold RB to help, or resume"),
        ({"alert": True}, "a takeover looks likely"),
    ],
)
def test_the_reason_says_why_and_what_to_do(changes: dict[str, object], expected: str) -> None:
    found = reason_text(status(**changes), 20.0)
    assert expected in found
    assert found.lower().count("resume") <= 1
    assert bool(found) == bool(expected)


def test_the_hint_names_what_takes_over() -> None:
    assert takeover_hint(status()) == "Hold RB to take over · let go to hand back"
    assert takeover_hint(status(phase=Phase.TAKEOVER)) == "You drive with Xbox pad · let go to hand back"
    assert takeover_hint(status(instruction="")) == "Hold Space to take over"


@pytest.mark.parametrize("mode", list(TakeoverMode))
def test_a_device_that_is_pressed_without_effect_is_told_why(mode: TakeoverMode) -> None:
    pressed = takeover_instruction(mode, "RB", engaged=True)
    assert takeover_hint(status(phase=Phase.IDLE, instruction=pressed)) == "The robot rests. Press Start first"
    assert takeover_hint(status(phase=Phase.HOLD, instruction=pressed)) == "Let go, then take over again"
    assert takeover_hint(status(phase=Phase.TAKEOVER, instruction=pressed)).startswith("You drive with")
    free = takeover_instruction(mode, "RB", engaged=False)
    assert "to take over" in takeover_hint(status(phase=Phase.IDLE, instruction=free))


def test_the_hint_says_how_to_rewind_where_a_rewind_is_possible() -> None:
    keys = {"operator": "keyboard", "instruction": "hold Space"}
    assert takeover_hint(status(**keys), may_rewind=True).endswith(" · hold R to rewind")
    assert takeover_hint(status(phase=Phase.HOLD), may_rewind=True).endswith(" · hold LB to rewind")
    for phase in (Phase.IDLE, Phase.TAKEOVER):
        assert "rewind" not in takeover_hint(status(phase=phase), may_rewind=True)


def test_a_rewind_says_how_far_it_went() -> None:
    rewound = status(phase=Phase.HOLD, reason="Rewound to step 35.", step=35)
    assert reason_text(rewound, 20.0) == "Rewound to step 35 · Resume or take over from here"
