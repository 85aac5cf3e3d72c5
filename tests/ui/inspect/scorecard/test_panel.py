import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mile_desktop.ui.inspect.scorecard.panel import ScorecardPanel
from tests.ui.inspect.scorecard.examples import JUMPY, RISING, all_successes, card, predictor


@pytest.fixture
def panel(qtbot: QtBot, themed: QApplication) -> ScorecardPanel:
    panel = ScorecardPanel()
    qtbot.addWidget(panel)
    panel.resize(1100, 460)
    panel.show_selection("peg-insertion", ("ep-1", "ep-2"))
    panel.show()
    return panel


@pytest.fixture
def scored(panel: ScorecardPanel) -> ScorecardPanel:
    panel.show_card(card())
    return panel


def test_nothing_is_scored_before_score_is_pressed(panel: ScorecardPanel, qtbot: QtBot) -> None:
    assert panel._empty.isVisible()
    with qtbot.waitSignal(panel.score_requested) as caught:
        panel.bar._score.click()
    assert caught.args == ["peg-insertion", ("ep-1", "ep-2")]
    panel.show_selection("peg-insertion", ("ep-1",))
    with qtbot.waitSignal(panel.score_requested) as caught:
        panel.bar._score.click()
    assert caught.args == ["peg-insertion", ()]
    panel.show_selection("", ())
    assert not panel.bar._score.isEnabled()


def test_while_scoring_runs_it_can_only_be_cancelled(panel: ScorecardPanel, qtbot: QtBot) -> None:
    panel.show_progress(0.3, "Asking the forecast")
    assert not panel.bar.can_score
    assert panel.bar._text.text() == "Asking the forecast"
    with qtbot.waitSignal(panel.cancel_requested):
        panel.bar._cancel.click()
    panel.show_idle()
    assert panel.bar.can_score


def test_a_failure_is_shown_in_place_of_the_scores(panel: ScorecardPanel) -> None:
    panel.show_failure("5 episodes are too few.")
    assert panel._empty.isVisible()
    assert panel._empty.text() == "5 episodes are too few."


def test_a_card_names_the_held_out_episodes(scored: ScorecardPanel) -> None:
    assert "2 held-out episodes; the baselines learned from 7." in scored._notes.text()
    assert "fitted to 2 of the 2" in scored._notes.text()
    assert "forecast at 0.50: 1 of 2" in scored._score_text.text()
    assert scored.predictors.current().predictor.name == "forecast"


def test_the_handle_is_dragged_along_the_curve(scored: ScorecardPanel) -> None:
    moved: list[float] = []
    scored.threshold_changed.connect(moved.append)
    scored.roc._handle.setPos(0.9, 0.95)
    assert moved == [0.1]
    assert scored.threshold == 0.1
    assert scored.bar.threshold.value() == 0.1
    assert scored.roc.handle_position == pytest.approx((8 / 8, 10 / 10))


def test_a_threshold_set_from_outside_is_shown_without_a_signal(scored: ScorecardPanel) -> None:
    moved: list[float] = []
    scored.threshold_changed.connect(moved.append)
    scored.set_threshold(0.85)
    assert moved == []
    assert "at 0.85" in scored._score_text.text()
    scored.bar.threshold.setValue(0.2)
    assert moved == [0.2]


def test_another_predictor_is_chosen_in_the_table(scored: ScorecardPanel) -> None:
    scored.predictors.choose(lambda line: line.predictor.name == "majority")
    assert "majority at" in scored._score_text.text()


def test_a_click_on_a_bar_leads_to_its_steps(scored: ScorecardPanel, qtbot: QtBot) -> None:
    scored.leads.point_chosen.emit(0, 0)
    assert scored.lists.currentWidget() is scored.steps
    (missed,) = scored._step_ranges.rows
    cell = scored.steps.visualRect(scored.steps.model().index(0, 0)).center()
    with qtbot.waitSignal(scored.step_chosen) as caught:
        QTest.mouseClick(
            scored.steps.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(cell)
        )
    assert caught.args == ["ep-2", 106]
    assert missed.row == 106


def test_a_click_on_a_curve_sets_the_threshold_and_lists_the_errors(scored: ScorecardPanel) -> None:
    scored.roc.point_chosen.emit(1, 1)
    assert scored.threshold == 0.7
    assert len(scored._step_ranges.rows) == 4


def test_a_bin_and_an_episode_list_their_steps(scored: ScorecardPanel) -> None:
    scored.reliability.point_chosen.emit(1, 1)
    assert "In this bin" in scored.lists.tabText(3)
    scored.episodes.choose(lambda each: each.episode_id == "ep-2")
    scored.episodes.activated.emit(scored.episodes.currentIndex())
    assert [each.row for each in scored._step_ranges.rows] == [101, 106, 111]


def test_calls_are_counted_by_reason_and_lead_to_their_steps(panel: ScorecardPanel) -> None:
    why = ("stalled",) * 11 + ("near stalled",)
    rising, jumpy = predictor("majority", JUMPY, JUMPY), predictor("forecast", RISING, JUMPY)
    predictors = (rising, msgspec.structs.replace(jumpy, reasons=(why, why)))
    panel.show_card(card(predictors=predictors))
    assert [(each.kind, each.hits, each.false_alarms, each.unanswered) for each in panel._reasons.rows] == [
        ("stalled", 1, 0, 2),
        ("near", 0, 0, 1),
    ]
    panel.show_card(msgspec.structs.replace(all_successes(), predictors=predictors))
    assert [(each.kind, each.hits, each.false_alarms) for each in panel._reasons.rows] == [
        ("stalled", 1, 2),
        ("near", 0, 1),
    ]
    panel.reasons.choose(lambda each: each.kind == "near")
    panel.reasons.activated.emit(panel.reasons.currentIndex())
    (found,) = panel._step_ranges.rows
    assert (found.episode_id, found.row, found.text) == ("ep-2", 111, "false alarm")


def test_the_scorecard_can_be_saved_as_csv(scored: ScorecardPanel) -> None:
    assert scored.numbers().as_csv().startswith("episode,row,intervention")


@pytest.mark.parametrize("width", [960, 1100, 1900])
def test_no_table_is_cut_at_the_right(scored: ScorecardPanel, width: int) -> None:
    scored.resize(width, 460)
    for table in (scored.predictors, scored.episodes, scored.reasons, scored.steps):
        scored.lists.setCurrentWidget(table)
        QApplication.processEvents()
        assert table.horizontalScrollBar().maximum() == 0, f"{table.accessibleName()} at {width}"


def test_the_worst_false_alarm_is_one_click_away(scored: ScorecardPanel, qtbot: QtBot) -> None:
    scored.show_card(all_successes())
    with qtbot.waitSignal(scored.step_chosen) as caught:
        scored.bar._worst.click()
    assert caught.args[0] == "ep-2"
    assert scored.lists.currentWidget() is scored.steps
    assert "False alarms (2)" in scored.lists.tabText(scored.lists.indexOf(scored.steps))
