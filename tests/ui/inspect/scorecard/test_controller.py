"""The scorecard's threshold is for looking; the live alarm changes only when the person says so."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mile_desktop.ui.composition import Composition, compose
from mile_desktop.ui.shell.preferences import PreferenceStore
from tests.ui.inspect.scorecard.examples import card


@pytest.fixture
def parts(qtbot: QtBot, tmp_path: Path) -> Composition:
    parts = compose(PreferenceStore(tmp_path / "preferences.json"))
    qtbot.addWidget(parts.application.window)
    parts.scorecard.panel.show_card(card())
    return parts


def test_dragging_the_line_changes_the_live_alarm_only_when_it_is_applied(parts: Composition) -> None:
    panel, preferences = parts.scorecard.panel, parts.application.preferences
    preferences.change(alert_line="calls")
    assert not panel.bar._apply.isEnabled(), "both lines are the same"
    panel.roc.threshold_dragged.emit(0.4)
    assert panel.threshold == 0.4
    assert preferences.value.alert_threshold == 0.7
    assert parts.supervise.page.alert.threshold == 0.7
    panel.bar._apply.click()
    assert preferences.value.alert_threshold == 0.4
    assert preferences.value.alert_line == "by hand"
    assert parts.supervise.page.alert.threshold == 0.4
    assert not panel.bar._apply.isEnabled()


def test_a_threshold_that_is_looked_at_stays_when_the_live_one_moves(parts: Composition) -> None:
    panel, preferences = parts.scorecard.panel, parts.application.preferences
    preferences.change(alert_threshold=0.6)
    assert panel.threshold == pytest.approx(0.6), "it follows while both are the same"
    panel.roc.threshold_dragged.emit(0.8)
    preferences.change(alert_threshold=0.4)
    assert panel.threshold == 0.8
    assert panel.bar._apply.isEnabled()
