"""The part of the Learn panel about generated data, and the ticks that let a training learn from it."""

import pytest
from PySide6.QtWidgets import QCheckBox, QLabel, QProgressBar, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from mile_desktop.ui.learn.data_part import DataPart
from mile_desktop.ui.learn.generation_part import ALL, GenerationPart, SetLine
from mile_desktop.ui.learn.page import LearnPanel


@pytest.fixture
def part(qtbot: QtBot) -> GenerationPart:
    part = GenerationPart()
    qtbot.addWidget(part)
    part.show()
    return part


def shown(part: GenerationPart) -> list[str]:
    """Return the texts of visible buttons and labels."""
    widgets = [*part.findChildren(QPushButton), *part.findChildren(QLabel)]
    return [each.text() for each in widgets if each.isVisible() and each.text()]


def button(part: GenerationPart, text: str) -> QPushButton:
    return next(each for each in part.findChildren(QPushButton) if each.text() == text)


def test_without_a_model_of_the_person_the_button_says_what_to_do(part: GenerationPart) -> None:
    part.show_possible(False)
    assert not part.can_generate
    assert not button(part, "Generate data").isEnabled()
    assert "Take over a few times and retrain" in button(part, "Generate data").toolTip()
    part.show_possible(True)
    assert button(part, "Generate data").isEnabled()


def test_progress_and_cancel(part: GenerationPart, qtbot: QtBot) -> None:
    part.show_possible(True)
    with qtbot.waitSignal(part.start_requested):
        button(part, "Generate data").click()
    part.show_progress(0.25, "Episode 6 of 20")
    assert not part.can_generate
    assert shown(part) == ["Cancel", "Episode 6 of 20"]
    assert part.findChild(QProgressBar).value() == 250
    with qtbot.waitSignal(part.cancel_requested):
        button(part, "Cancel").click()
    assert not button(part, "Cancel").isEnabled()
    part.show_result("Cancelled; nothing was kept.")
    assert shown(part) == ["Generate data", "Cancelled; nothing was kept."]


def test_what_was_generated_can_be_removed(part: GenerationPart, qtbot: QtBot) -> None:
    part.show_possible(True)
    sets = [SetLine(f"run-{number}", f"Generated for v{number}: 18 episodes", "") for number in (1, 2)]
    part.show_sets(sets)
    assert {"Generated for v1: 18 episodes", "Generated for v2: 18 episodes"} <= set(shown(part))
    with qtbot.waitSignal(part.remove_requested) as caught:
        button(part, "Remove all").click()
    assert caught.args == [ALL]
    second = [each for each in part.findChildren(QToolButton) if each.accessibleName().endswith("v2: 18 episodes")]
    with qtbot.waitSignal(part.remove_requested) as caught:
        second[0].click()
    assert caught.args == ["run-2"]
    part.show_sets(sets[:1])
    assert "Remove all" not in shown(part), "the only set has its own button"
    part.show_sets([])
    assert not any("Generated for" in text for text in shown(part))


def test_a_refusal_is_shown_as_an_error(part: GenerationPart) -> None:
    part.show_progress(0.0, "Starting")
    part.show_failure("Nothing is generated: 2 takeovers can be used.")
    assert "✕ Nothing is generated: 2 takeovers can be used." in shown(part)


def boxes(part: DataPart) -> list[QCheckBox]:
    return [each for each in part.findChildren(QCheckBox) if "Also learn" in each.text() and not each.isHidden()]


def test_a_training_learns_from_generated_and_shifted_episodes_only_where_ticked(qtbot: QtBot) -> None:
    panel = LearnPanel()
    qtbot.addWidget(panel)
    assert boxes(panel.data) == []
    panel.data.show_generated(18)
    panel.data.show_shifted(3)
    assert [each.text() for each in boxes(panel.data)] == [
        "Also learn from 18 generated", "Also learn from 3 under a shift",
    ]  # fmt: skip
    assert not {"--generated", "--shifted"} & set(panel.request.arguments())
    for box in boxes(panel.data):
        box.setChecked(True)
    assert {"--generated", "--shifted"} <= set(panel.request.arguments())
    # A tick that is not shown any more counts no longer: the set was removed.
    panel.data.show_generated(0)
    assert "--generated" not in panel.request.arguments()
