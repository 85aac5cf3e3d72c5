from dataclasses import replace

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mile_desktop.learning.data_hygiene import DoubtfulSpan
from mile_desktop.learning.settings import LEFT_OUT
from mile_desktop.learning.step_problem import PROBLEMS, StepProblem
from mile_desktop.ui.learn.data_part import DataPart, FoundProblem
from mile_desktop.ui.learn.page import LearnPanel

IDLE = FoundProblem(
    StepProblem.IDLE,
    42,
    (DoubtfulSpan(StepProblem.IDLE, "ep-1", 7, 30), DoubtfulSpan(StepProblem.IDLE, "ep-2", 3, 12)),
)


@pytest.fixture
def part(qtbot: QtBot, themed: QApplication) -> DataPart:
    part = DataPart()
    qtbot.addWidget(part)
    part.show()
    return part


def test_nothing_is_said_before_the_data_was_checked(part: DataPart) -> None:
    assert part._heading.isHidden()
    assert all(box.isHidden() for box in part._boxes.values())
    assert part.left_out == LEFT_OUT


def test_a_problem_is_counted_with_its_meaning_and_one_without_steps_is_not_shown(part: DataPart) -> None:
    part.show_problem(IDLE)
    part.show_problem(FoundProblem(StepProblem.FAILED, 0, ()))
    assert part._boxes[StepProblem.IDLE].text() == "42 without a command"
    assert PROBLEMS[StepProblem.IDLE].meaning in part._boxes[StepProblem.IDLE].toolTip()
    assert part._boxes[StepProblem.IDLE].isVisible()
    assert part._heading.isVisible()
    assert part._boxes[StepProblem.FAILED].isHidden()
    part.clear()
    assert part._heading.isHidden()


def test_the_panel_stays_as_narrow_with_many_doubtful_steps(qtbot: QtBot, themed: QApplication) -> None:
    panel = LearnPanel()
    qtbot.addWidget(panel)
    panel.show()
    for problem in StepProblem:
        panel.data.show_problem(FoundProblem(problem, 12_345, ()))
    assert panel.widget().minimumSizeHint().width() <= panel.minimumWidth()


def test_show_goes_from_place_to_place_and_begins_again(part: DataPart, qtbot: QtBot) -> None:
    part.show_problem(IDLE)
    shown = []
    part.place_requested.connect(lambda episode_id, row: shown.append((episode_id, row)))
    for _ in range(3):
        part._buttons[StepProblem.IDLE].click()
    assert shown == [("ep-1", 7), ("ep-2", 3), ("ep-1", 7)]


def test_the_symmetry_and_what_is_refused_of_it_are_shown(part: DataPart) -> None:
    part.show_symmetry("Symmetry: recorded steps are also mirrored.", ["The rotation is not used: the expert differs."])
    assert part._symmetry.isVisible()
    assert "mirrored" in part._symmetry.text()
    assert "! The rotation is not used" in part._symmetry.text()


@pytest.mark.parametrize("problem", list(StepProblem))
def test_a_tick_box_decides_what_the_training_is_asked_for(
    qtbot: QtBot, themed: QApplication, problem: StepProblem
) -> None:
    panel = LearnPanel()
    qtbot.addWidget(panel)
    before = problem in panel.request.settings.left_out
    panel.data._boxes[problem].click()
    assert (problem in panel.request.settings.left_out) != before
    asked = panel.request
    panel.data.show_left_out(())
    panel.show_request(asked)
    assert panel.request == asked


def test_leaving_out_every_step_is_said_before_the_training(part: DataPart) -> None:
    part.show_human_steps(82)
    part.show_problem(IDLE)
    part.show_problem(FoundProblem(StepProblem.FAILED, 82, ()))
    part._boxes[StepProblem.FAILED].setChecked(False)
    assert part._nothing.isHidden()
    part._boxes[StepProblem.FAILED].setChecked(True)
    assert part._nothing.isVisible()
    part.show_human_steps(120)
    assert part._nothing.isHidden()


def test_the_first_check_takes_the_room_of_its_result(part: DataPart) -> None:
    part.show_checking()
    assert part._heading.text() == "The steps of takeovers are being checked …"
    before = part.minimumHeight()
    assert before > 0, "Retrain below would move away under the mouse"
    part.show_problem(IDLE)
    part.show_symmetry("turned by up to ±60°", ())
    assert part._heading.text() == "Steps by a person to leave out:"
    assert part.minimumHeight() == before
    part.clear()
    part.show_checking()
    part.show_problem(FoundProblem(StepProblem.IDLE, 0, ()))
    assert part._heading.isHidden(), "nothing was found"


def test_steps_of_a_simulated_supervisor_are_counted_apart(part: DataPart) -> None:
    part.show_problem(replace(IDLE, simulated=42))
    assert part._heading.text() == "Steps by a simulated supervisor to leave out:"
    assert part._boxes[StepProblem.IDLE].text() == "42 without a command"
    part.show_problem(FoundProblem(StepProblem.FAILED, 8, ()))
    assert part._heading.text() == "Steps to leave out, by a person + by a simulated supervisor:"
    assert part._boxes[StepProblem.IDLE].text() == "0 + 42 without a command"
    assert part._boxes[StepProblem.FAILED].text() == "8 + 0 in failed episodes"
