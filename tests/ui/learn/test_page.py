from dataclasses import replace

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mile_desktop.learning.method_info import METHODS
from mile_desktop.learning.progress import Cancelled, Failed, Finished, Trained, Warned
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.ui.learn.model import LearnSummary, RetrainRequest, RunState
from mile_desktop.ui.learn.page import LearnPanel
from mile_desktop.ui.plots.series_model import SUCCESS
from tests.ui.learn.learn_events import compared, paired, progress

SUMMARY = LearnSummary(14, 2812, 31, 604, 40, 3, "v3")


@pytest.fixture
def panel(qtbot: QtBot, themed: QApplication) -> LearnPanel:
    panel = LearnPanel()
    qtbot.addWidget(panel)
    panel.resize(320, 700)
    panel.set_policy_names({"p3": "v3", "p4": "v4"})
    panel.show_summary(SUMMARY)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


def finish(panel: LearnPanel, suggestion: str = "use", *, evaluated: bool = True) -> None:
    panel.show_running(True)
    panel.on_event(Trained(policy="p4", method="mile", loss=0.5))
    if evaluated:
        panel.on_event(compared(suggestion))
    panel.on_event(Finished(policy="p4", method="mile", loss=0.5))


def test_an_empty_workspace_says_what_will_be_here_and_how_to_get_it(panel: LearnPanel) -> None:
    panel.show_summary(LearnSummary(0, 0, 0, 0, 40, 0, "v0"))
    assert "Press Start" in panel._lines[1].text()
    assert not panel._retrain.isEnabled()
    panel.show_summary(None)
    assert not panel._retrain.isEnabled()


def test_warnings_are_shown_before_training(panel: LearnPanel) -> None:
    assert panel._warnings.isHidden()
    panel.show_summary(LearnSummary(2, 300, 3, 40, 0, 1, "v3"))
    assert panel._warnings.isVisible()
    assert "3 takeovers" in panel._warnings.text()


def test_retrain_asks_for_what_the_panel_shows(panel: LearnPanel, qtbot: QtBot) -> None:
    wanted = RetrainRequest(
        TrainingSettings(method="sirius", epochs=12, mental_model="joint", learning_rate=1e-3, cost=3.0), 7, 9
    )
    panel.show_request(wanted)
    with qtbot.waitSignal(panel.retrain_requested) as caught:
        panel._retrain.click()
    assert caught.args == [wanted]


def test_choosing_a_method_says_what_it_does(panel: LearnPanel) -> None:
    for index, method in enumerate(METHODS):
        panel._method.setCurrentIndex(index)
        assert panel._method_text.text() == method.summary


def test_advanced_settings_are_folded_away(panel: LearnPanel) -> None:
    assert panel.advanced.isHidden()
    panel._fold.click()
    assert panel.advanced.isVisible()
    assert panel.widget().minimumSizeHint().width() <= panel.minimumWidth()


def test_a_comparison_draws_the_success_of_both_policies_on_the_same_starts(panel: LearnPanel) -> None:
    panel.show_running(True)
    panel.on_event(Trained(policy="p4", method="mile", loss=0.5))
    plot = panel._losses.plots[SUCCESS]
    assert plot.isHidden()
    panel.on_event(paired(4, 1, 3))
    assert panel._losses.isVisible()
    assert not plot.isHidden()
    assert [each.name for each in plot.series] == ["v3 0.25", "v4 0.75"]


@pytest.mark.parametrize("end", [Cancelled(), Failed(text="A worker died.")])
def test_a_larger_comparison_that_does_not_end_leaves_the_result_to_decide_on(
    panel: LearnPanel, qtbot: QtBot, end: Cancelled | Failed
) -> None:
    finish(panel)
    with qtbot.waitSignal(panel.evaluate_more_requested):
        panel.card.more_button.click()
    panel.show_running(True)
    assert panel._progress_text.text() == "Starting the comparison …"
    assert panel.card.isHidden()
    panel.on_event(paired(25, 12, 20))
    panel.on_event(end)
    panel.show_running(False)
    assert panel.state is RunState.DONE
    assert panel.card.isVisible()
    assert panel.trained_policy == "p4"
    assert ("A worker died." in panel._run_warnings.text()) is isinstance(end, Failed)


def test_a_run_shows_progress_curves_and_cancel(panel: LearnPanel, qtbot: QtBot) -> None:
    panel.show_running(True)
    assert panel._retrain.isHidden()
    panel.on_event(progress(1, 0.2, total=2.0))
    panel.on_event(progress(2, 0.62, total=1.5, held_out=0.1))
    panel.on_event(Warned(text="The policy is forgetting."))
    assert panel._bar.value() == 620
    assert panel._progress_text.text().startswith("62 % · 40 s left")
    assert panel._losses.isVisible()
    assert "forgetting" in panel._run_warnings.text()
    with qtbot.waitSignal(panel.cancel_requested):
        panel._cancel.click()
    assert not panel._cancel.isEnabled()
    panel.on_event(Cancelled())
    assert panel.state is RunState.CANCELLED
    assert "nothing has changed" in panel._note.text()
    assert panel._retrain.isVisible()


@pytest.mark.parametrize("suggestion", ["use", "keep"])
def test_the_result_suggests_and_the_person_decides(panel: LearnPanel, suggestion: str) -> None:
    finish(panel, suggestion)
    assert panel.card.isVisible()
    assert panel.card._title.text() == "v3 → v4"
    assert panel.card._shares.text() == "11/20 = 55 % [34–74]  →  15/20 = 75 % [53–89]"
    roles = {name: button.property("role") for name, button in (("use", panel.card._use), ("keep", panel.card._keep))}
    assert roles.pop(suggestion) == "primary"
    assert list(roles.values()) == ["plain"]
    assert panel.card.grab().width() > 0


def test_a_result_that_was_not_compared_suggests_to_keep(panel: LearnPanel) -> None:
    finish(panel, evaluated=False)
    assert "Not compared" in panel.card.verdict_text()
    assert panel.card._keep.property("role") == "primary"
    assert panel.card._bars.isHidden()
    assert panel.card.more_button.isEnabled()


def test_where_nothing_can_be_compared_the_button_is_off_and_the_card_says_why(panel: LearnPanel) -> None:
    panel.show_summary(replace(SUMMARY, simulated=False))
    finish(panel, evaluated=False)
    assert not panel.card.more_button.isEnabled()
    assert panel.card.verdict_text() == "It cannot be compared here."
    assert "robot's task without a simulation" in panel.card._difference.text()
    assert panel.card._difference.isVisible()
    assert "robot's task without a simulation" in panel.card.more_button.toolTip()


def test_using_it_leaves_a_way_back(panel: LearnPanel, qtbot: QtBot) -> None:
    finish(panel)
    with qtbot.waitSignal(panel.use_requested) as caught:
        panel.card.use_button.click()
    assert caught.args == ["p4"]
    panel.show_running(False)
    assert panel._note.text() == "v4 runs from the next episode."
    assert panel._back.text() == "Go back to v3"
    with qtbot.waitSignal(panel.go_back_requested):
        panel._back.click()
    assert panel._back.isHidden()
    assert panel._note.text() == "v3 runs from the next episode."


def test_the_way_back_keeps_its_name_when_the_summary_moves_on(panel: LearnPanel) -> None:
    finish(panel)
    panel.card.use_button.click()
    panel.show_summary(LearnSummary(15, 3000, 32, 610, 40, 0, "v4"))
    panel._back.click()
    assert panel._note.text() == "v3 runs from the next episode."


def test_keeping_changes_nothing(panel: LearnPanel, qtbot: QtBot) -> None:
    finish(panel, "keep")
    with qtbot.waitSignal(panel.keep_requested):
        panel.card.keep_button.click()
    assert panel.card.isHidden()
    assert panel._note.text() == "v3 keeps driving; v4 stays under Policies."


def test_evaluating_more_updates_the_card(panel: LearnPanel, qtbot: QtBot) -> None:
    finish(panel)
    with qtbot.waitSignal(panel.evaluate_more_requested):
        panel.card.more_button.click()
    panel.on_event(progress(0, 0.5))
    assert panel.card.isHidden()
    panel.on_event(compared("keep"))
    assert panel.card.isVisible()
    assert panel.card.verdict_text().startswith("Keep")


def test_a_failure_says_why_and_leaves_retrain(panel: LearnPanel) -> None:
    panel.show_running(True)
    panel.on_event(Failed(text="The disk is full; free some room and press Retrain."))
    assert "disk is full" in panel._note.text()
    assert panel._retrain.isEnabled()
    panel.show_running(True)
    assert panel._note.isHidden()


def test_a_trainer_that_vanished_leaves_a_usable_panel(panel: LearnPanel) -> None:
    panel.show_running(True)
    panel.show_running(False)
    assert panel.state is RunState.READY
    assert panel._retrain.isVisible()


def test_the_buttons_of_a_result_are_in_view_and_name_the_policies(panel: LearnPanel, qtbot: QtBot) -> None:
    panel.resize(300, 420)
    finish(panel)
    assert (panel.card.use_button.text(), panel.card.keep_button.text()) == ("Use v4", "Keep v3")

    def in_view() -> bool:
        button = panel.card.keep_button
        corner = button.mapTo(panel.viewport(), button.rect().bottomLeft())
        return 0 < corner.y() < panel.viewport().height()

    qtbot.waitUntil(in_view)


def test_cancel_stays_in_its_place_when_the_stage_wraps_and_the_losses_appear(panel: LearnPanel) -> None:
    panel.show_running(True)
    panel.grab()
    before = panel._cancel.geometry()
    panel._progress_text.setText("62 % · 40 s left · " + "Comparing on the same starts " * 3)
    panel._stage_text.setText("a long name of the stage " * 6)
    panel._stage_text.show()
    panel._losses.show()
    panel.grab()
    assert panel._stage_text.height() > panel._bar.height()
    assert panel._cancel.geometry() == before


def test_a_result_is_decided_in_its_own_scene_only(panel: LearnPanel) -> None:
    panel.show_scene("pendulum")
    panel.show_running(True)
    panel.show_scene("drawer-open")
    assert panel.state is RunState.RUNNING, "a training can be followed and cancelled in every scene"
    panel.show_scene("pendulum")
    finish(panel)
    assert panel.card.isVisible()
    panel.show_scene("drawer-open")
    assert panel.card.isHidden()
    assert panel._note.isHidden()
    panel.show_scene("pendulum")
    panel.card._use.click()
    assert "runs from the next episode" in panel._note.text()
    panel.show_scene("drawer-open")
    assert panel._note.isHidden()
    assert panel._back.isHidden()


def test_a_run_that_an_earlier_window_started_belongs_to_its_scene(panel: LearnPanel) -> None:
    panel.show_scene("drawer-open")
    panel.show_running(True)
    panel.set_run_scene("pendulum")
    panel.on_event(Trained(policy="p4", method="mile", loss=0.5))
    panel.on_event(Finished(policy="p4", method="mile", loss=0.5))
    assert panel.card.isHidden()
    panel.show_scene("pendulum")
    assert panel.card.isVisible()
