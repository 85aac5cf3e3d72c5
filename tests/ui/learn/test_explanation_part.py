import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mile_desktop.learning.data_hygiene import TakeoverPlace
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.learning.step_problem import StepProblem
from mile_desktop.ui.learn.explanation_controller import without
from mile_desktop.ui.learn.explanation_part import ExplanationPart, Remedy
from mile_desktop.ui.learn.model import RetrainRequest
from mile_desktop.ui.learn.page import LearnPanel
from tests.ui.learn.test_page import finish

PLACE = TakeoverPlace("ep-1", 57)


@pytest.fixture
def part(qtbot: QtBot, themed: QApplication) -> ExplanationPart:
    part = ExplanationPart()
    qtbot.addWidget(part)
    part.show()
    return part


def test_the_cause_is_looked_for_shown_and_left_out_with_one_click(part: ExplanationPart, qtbot: QtBot) -> None:
    with qtbot.waitSignal(part.explain_requested):
        part._ask.click()
    part.show_progress(0.3, "Training without the takeover at step 57 of episode ep-1")
    assert part._bar.value() == 300
    assert part._ask.isHidden()
    part.show_explanation("Without the takeover at step 57: 15 of 20 instead of 7.", Remedy((PLACE,)))
    assert "15 of 20" in part._text.text()
    with qtbot.waitSignal(part.place_requested) as place:
        part._show.click()
    assert place.args == ["ep-1", 57]
    with qtbot.waitSignal(part.retrain_requested) as remedy:
        part._retrain.click()
    assert remedy.args == [Remedy((PLACE,))]


def test_where_nothing_helps_there_is_nothing_to_click(part: ExplanationPart) -> None:
    part.show_explanation("Nothing that was left out makes it better.", None)
    assert part._retrain.isHidden()
    assert part._show.isHidden()
    part.show_explanation("It was chance.", Remedy(seed=3))
    assert part._retrain.text() == "Retrain with another seed"
    assert part._show.isHidden()


def test_a_search_can_be_cancelled_and_a_failure_tried_again(part: ExplanationPart, qtbot: QtBot) -> None:
    part.show_progress(0.3, "Training")
    with qtbot.waitSignal(part.cancel_requested):
        part._cancel.click()
    assert not part._cancel.isEnabled()
    part.show_failure("No episode newer than the parent policy has a takeover.")
    assert part._ask.isVisible()
    assert "No episode" in part._text.text()


@pytest.mark.parametrize(("suggestion", "shown"), [("use", False), ("keep", True)])
def test_the_question_is_offered_after_a_loss_only(
    qtbot: QtBot, themed: QApplication, suggestion: str, shown: bool
) -> None:
    panel = LearnPanel()
    qtbot.addWidget(panel)
    panel.show()
    finish(panel, suggestion)
    assert panel.explanation.isVisible() == shown
    panel.show_running(True)
    assert panel.explanation.isHidden()


def test_the_next_training_leaves_out_the_cause_and_nothing_else() -> None:
    asked = RetrainRequest(TrainingSettings(seed=2, left_out=(StepProblem.IDLE,)), evaluation_episodes=7)
    assert without(asked, Remedy((PLACE,))).left_out == (PLACE,)
    assert without(asked, Remedy((PLACE,))).settings == asked.settings
    failed = without(asked, Remedy(problems=(StepProblem.FAILED,)))
    assert failed.settings.left_out == (StepProblem.IDLE, StepProblem.FAILED)
    assert without(asked, Remedy(seed=3)).settings.seed == 3
