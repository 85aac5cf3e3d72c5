import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mile_desktop.ui.learn.calibration_card import CalibrationPart
from mile_desktop.ui.learn.calibration_model import CalibrationResult

SAID = {
    "intervention_model": "m-2",
    "cost": 5.19,
    "cost_error": 0.63,
    "cdf_scale": 2.92,
    "cost_before": 6.15,
    "cdf_scale_before": 2.84,
    "observed_rate": 0.328,
    "predicted_rate_before": 0.291,
    "predicted_rate": 0.312,
    "log_likelihood_before": -0.178,
    "log_likelihood": -0.171,
    "steps": 4437,
    "takeover_steps": 1455,
    "held_out_share": 1.0,
    "auroc_before": 0.81,
    "auroc": 0.84,
}


@pytest.fixture
def part(qtbot: QtBot, themed: QApplication) -> CalibrationPart:
    part = CalibrationPart()
    qtbot.addWidget(part)
    part.show_takeovers(3)
    part.show()
    return part


def test_without_takeovers_there_is_nothing_to_calibrate_to(part: CalibrationPart) -> None:
    part.show_takeovers(0)
    assert not part.can_calibrate
    assert not part.button.isEnabled()
    assert "Take over" in part.button.toolTip()


def test_while_it_works_it_can_only_be_cancelled(part: CalibrationPart, qtbot: QtBot) -> None:
    part.show_progress(0.4, "Fitting")
    assert not part.can_calibrate
    assert part.button.isHidden()
    assert part.bar.value() == 400
    with qtbot.waitSignal(part.cancel_requested):
        part.cancel.click()
    assert not part.cancel.isEnabled()
    part.show_nothing()
    assert part.can_calibrate


def test_a_calibration_in_use_can_be_undone_at_any_time(part: CalibrationPart, qtbot: QtBot) -> None:
    assert part.back.isHidden()
    part.show_in_use("Calibrated yesterday: cost 5.19, σ 2.92.")
    assert "yesterday" in part.note.text()
    with qtbot.waitSignal(part.undo_requested):
        part.back.click()
    part.show_progress(0.1, "Fitting")
    assert part.back.isHidden()
    part.show_result(CalibrationResult.of(SAID))
    assert part.back.isHidden()
    part.card._keep.click()
    assert part.back.isVisible()
    part.show_in_use("")
    assert part.back.isHidden()
    assert "yesterday" not in part.note.text()


def test_the_card_says_before_and_after_and_nothing_is_in_force_before_use(part: CalibrationPart, qtbot: QtBot) -> None:
    part.show_result(CalibrationResult.of(SAID))
    assert part.card.isVisible()
    assert "Not in force" in part.note.text()
    texts = part.card.texts()
    for text in ("6.15", "5.19 ± 0.63", "2.84", "2.92", "29.1%", "31.2%", "32.8%", "-0.178", "-0.171", "0.81", "0.84"):
        assert text in texts
    assert "better" in part.card._verdict.text()
    assert part.card._use.property("role") == "primary"
    with qtbot.waitSignal(part.use_requested) as caught:
        part.card._use.click()
    assert caught.args == ["m-2"]
    part.show_accepted()
    assert part.card.isHidden()
    assert "used from the next episode" in part.note.text()
    assert part.can_calibrate


def test_keep_leaves_the_numbers_in_use_as_it_leaves_the_old_policy(part: CalibrationPart, qtbot: QtBot) -> None:
    part.show_result(CalibrationResult.of({**SAID, "log_likelihood": -0.178, "auroc": None}))
    assert part.card._keep.property("role") == "primary", "no gain: the old numbers are suggested"
    assert "–" in part.card.texts()
    with qtbot.waitSignal(part.keep_requested):
        part.card._keep.click()
    assert part.card.isHidden()
    assert "stay as they were" in part.note.text()


def test_a_failure_is_said_and_can_be_tried_again(part: CalibrationPart) -> None:
    part.show_progress(0.0, "Starting")
    part.show_failure("Nobody let go.")
    assert "Nobody let go." in part.note.text()
    assert part.can_calibrate


def test_words_that_are_no_calibration_are_refused() -> None:
    with pytest.raises(KeyError):
        CalibrationResult.of({"cost": 1.0})
