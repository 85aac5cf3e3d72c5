import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mile_desktop.storage.operator_names import NO_NAME
from mile_desktop.ui.learn.data_part import DataPart
from mile_desktop.ui.learn.model import RetrainRequest
from mile_desktop.ui.learn.operator_choice import OperatorChoice


@pytest.fixture
def choice(qtbot: QtBot, themed: QApplication) -> OperatorChoice:
    part = DataPart()
    qtbot.addWidget(part)
    part.show()
    return part.operators


def test_whose_takeovers_are_learned_from_is_ticked_and_the_last_tick_stays(choice: OperatorChoice) -> None:
    assert choice.isHidden()
    choice.show_takeovers({"Anna": 3, "Ben": 1, NO_NAME: 4})
    anna, ben, none = choice.menu().actions()
    assert [each.text() for each in (anna, ben, none)] == [
        "Anna · 3 takeovers", "Ben · 1 takeover", "No name · 4 takeovers"
    ]  # fmt: skip
    assert (choice.text(), choice.names) == ("Learn from: everyone", ())
    ben.trigger()
    assert (choice.text(), choice.names) == ("Learn from: Anna, no name", ("Anna", NO_NAME))
    anna.trigger()
    none.trigger()
    assert choice.names == (NO_NAME,)
    assert none.isChecked()


def test_a_person_who_is_new_is_learned_from_and_one_who_was_left_out_stays_so(choice: OperatorChoice) -> None:
    choice.show_takeovers({"Anna": 3, "Ben": 1})
    choice.menu().actions()[1].trigger()
    choice.show_takeovers({"Anna": 3, "Ben": 2, "Clara": 1})
    assert choice.names == ("Anna", "Clara")
    words = RetrainRequest(operator_names=choice.names).arguments()
    assert words[words.index("--operator-name") :][:4] == ["--operator-name", "Anna", "--operator-name", "Clara"]
    choice.show_takeovers({"Anna": 3})
    assert (choice.isHidden(), choice.names) == (True, ())
