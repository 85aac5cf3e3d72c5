import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QTableView
from pytestqt.qtbot import QtBot
from window_examples import ENTRIES

from mile_desktop.ui.pages.policies_model import IN_USE, NOTE, SUCCESS, PoliciesModel
from mile_desktop.ui.pages.policies_page import PoliciesPage


@pytest.fixture
def page(themed: QApplication, qtbot: QtBot) -> PoliciesPage:
    page = PoliciesPage()
    qtbot.addWidget(page)
    page.resize(1200, 700)
    page.show()
    page.show_policies(ENTRIES, "p3", "p2")
    return page


def table(page: PoliciesPage) -> QTableView:
    found = page.findChild(QTableView)
    assert isinstance(found, QTableView)
    return found


def cell(page: PoliciesPage, row: int, column: int) -> QModelIndex:
    return table(page).model().index(row, column)


def button(page: PoliciesPage, start: str) -> QPushButton:
    return next(each for each in page.findChildren(QPushButton) if each.text().startswith(start))


def test_the_model_keeps_qts_rules(themed: QApplication) -> None:
    model = PoliciesModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.show_policies(ENTRIES, "p3")
    model.show_policies(ENTRIES[:1], "p2")
    assert tester.model() is model


def test_each_policy_is_a_row(page: PoliciesPage) -> None:
    assert [cell(page, row, 1).data() for row in range(3)] == ["v3", "v2", "v0"]
    assert cell(page, 0, IN_USE).data() == "▶ in use"
    assert cell(page, 1, IN_USE).data() == ""
    assert cell(page, 0, SUCCESS).data() == "78 % [65–87]"
    assert cell(page, 2, SUCCESS).data() == "not evaluated"
    assert cell(page, 2, 3).data() == "shipped"
    assert "39 of 50" in cell(page, 0, SUCCESS).data(Qt.ItemDataRole.ToolTipRole)


def test_the_policy_in_use_cannot_be_promoted_again(page: PoliciesPage, qtbot: QtBot) -> None:
    assert not button(page, "Use").isEnabled()
    table(page).selectRow(2)
    with qtbot.waitSignal(page.promote_requested) as signal:
        qtbot.mouseClick(button(page, "Use"), Qt.MouseButton.LeftButton)
    assert signal.args == ["p0"]


def test_rolling_back_is_one_click(page: PoliciesPage, qtbot: QtBot) -> None:
    assert button(page, "Roll back").text() == "Roll back to v2"
    with qtbot.waitSignal(page.roll_back_requested) as signal:
        qtbot.mouseClick(button(page, "Roll back"), Qt.MouseButton.LeftButton)
    assert signal.args == ["p2"]


def test_with_nothing_before_there_is_nothing_to_roll_back_to(page: PoliciesPage) -> None:
    page.show_policies(ENTRIES, "p3", "")
    assert not button(page, "Roll back").isEnabled()


def test_a_note_is_passed_on_not_kept(page: PoliciesPage, qtbot: QtBot) -> None:
    table(page).selectRow(1)
    qtbot.mouseClick(button(page, "Write"), Qt.MouseButton.LeftButton)
    editor = table(page).findChild(QLineEdit)
    qtbot.keyClicks(editor, " good on blue ")
    with qtbot.waitSignal(page.note_changed) as signal:
        qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert signal.args == ["p2", "good on blue"]
    assert cell(page, 1, NOTE).data() == ""


def test_the_selection_survives_news(page: PoliciesPage) -> None:
    table(page).selectRow(1)
    page.show_policies(ENTRIES[1:], "p2", "p0")
    assert table(page).currentIndex().row() == 0


def test_an_empty_page_says_how_policies_come(page: PoliciesPage) -> None:
    page.show_policies((), "")
    texts = {label.text() for label in page.findChildren(QLabel) if label.isVisible()}
    assert "No policies yet" in texts
    assert not table(page).isVisible()


def test_the_interval_is_drawn(page: PoliciesPage) -> None:
    view = table(page)
    view.clearSelection()
    with_interval = view.visualRect(cell(page, 1, SUCCESS))
    without = view.visualRect(cell(page, 2, SUCCESS))
    picture = view.viewport().grab().toImage()
    right = with_interval.left() + with_interval.width() * 2 // 3

    def colours(top: int) -> set[str]:
        return {picture.pixelColor(x, top).name() for x in range(right, with_interval.right())}

    assert len(colours(with_interval.center().y())) > len(colours(without.center().y()))
