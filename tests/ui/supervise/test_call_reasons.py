import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mile_desktop.rollout.phases import Phase
from mile_desktop.ui.plots.probability_strip import why_text
from mile_desktop.ui.plots.strip_model import StripModel
from mile_desktop.ui.viewport.phase_style import reason_text
from mile_desktop.ui.widgets.call_reasons_button import CallReasonsButton
from tests.ui.supervise.examples import status, taken

WHY = "stalled=12*0.6;near=2*0.3:ep-a@41,ep-b@7"


@pytest.fixture
def button(qtbot: QtBot) -> CallReasonsButton:
    made = CallReasonsButton()
    qtbot.addWidget(made)
    return made


def test_the_line_under_the_badge_says_why_the_robot_calls() -> None:
    calling = status(alert=True, call_reasons=WHY, phase=Phase.AUTONOMOUS)
    assert reason_text(calling, 20.0) == "no progress for 0.6 s · like 2 moments you corrected"
    asking = status(asking=True, call_reasons=WHY, phase=Phase.HOLD)
    assert reason_text(asking, 20.0).startswith("no progress for 0.6 s")
    assert reason_text(calling, 10.0).startswith("no progress for 1.2 s"), "steps are longer on a slower robot"
    assert "takeover looks likely" in reason_text(status(alert=True, phase=Phase.AUTONOMOUS), 20.0)


def test_the_button_lists_the_reasons_and_leads_to_the_moments(button: CallReasonsButton, qtbot: QtBot) -> None:
    assert button.isHidden()
    button.show_reasons(WHY, 20.0)
    assert not button.isHidden()
    texts = [action.text() for action in button.menu().actions()]
    assert texts[:2] == ["The last call", "no progress for 0.6 s  (60%)"]
    with qtbot.waitSignal(button.moment_chosen) as caught:
        button.menu().actions()[3].trigger()
    assert caught.args == ["ep-a", 41]


def test_the_last_call_can_be_read_when_the_alarm_is_off(button: CallReasonsButton) -> None:
    button.show_reasons(WHY, 20.0)
    first = button.menu().actions()
    button.show_reasons(WHY, 20.0)
    assert button.menu().actions() == first, "a menu that is open must not be built again"
    button.show_reasons("", 20.0)
    assert button.text() == "Last calls"
    assert len(button.reasons) == 2
    button.forget()
    assert button.isHidden()


def test_the_last_three_calls_are_listed(button: CallReasonsButton) -> None:
    for kind in ("p", "elapsed", "stalled", "disagreement"):
        button.show_reasons(f"{kind}=1*1", 20.0)
        button.show_reasons("", 20.0)
    # A separator's own text is not drawn in a styled menu.
    titles = [each.text() for each in button.menu().actions() if each.font().bold() and not each.isSeparator()]
    assert titles == ["The last call", "The call before", "Two calls before"]
    assert button.menu().actions()[1].text().startswith("the models of you disagree")


def test_the_button_never_takes_the_keys_from_the_robot(button: CallReasonsButton) -> None:
    assert button.focusPolicy() is Qt.FocusPolicy.NoFocus


def test_the_mouse_on_the_strip_shows_why() -> None:
    model = StripModel(capacity=8)
    for step in range(20):  # more than the capacity: rows move to the front, and their reasons with them
        model.append(taken(step, reasons=WHY if step % 2 else ""), 1)
    window = model.last_seconds(10)
    assert [bool(each) for each in window.reasons] == [bool(step % 2) for step in window.step.tolist()]
    assert why_text(window, float(window.time[-1])) == "no progress for 0.6 s · like 2 moments you corrected"
    assert why_text(window, float(window.time[-2])) == ""


def test_calls_from_before_the_start_can_be_read_until_the_robot_calls_again(button: CallReasonsButton) -> None:
    button.restore(["p=0.9*1", "", "elapsed=1*1"], 20.0)
    assert button.text() == "Last calls"
    assert not button.isHidden()
    assert [each.kind for each in button.reasons] == ["p"]
    button.restore(["near=1*1"], 20.0)
    assert [each.kind for each in button.reasons] == ["p"]
    button.show_reasons(WHY, 20.0)
    assert [each.kind for each in button.reasons] == ["stalled", "near"]
