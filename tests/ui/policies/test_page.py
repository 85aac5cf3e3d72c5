from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QModelIndex, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QTableView
from pytestqt.qtbot import QtBot

from mile_desktop.storage.catalogue import LearnedFrom
from mile_desktop.ui.policies.model import setting_rows
from mile_desktop.ui.policies.page import PoliciesPage
from mile_desktop.ui.policies.table_model import NAME, NOTE, PARENT, STATE, SUCCESS, PoliciesModel
from tests.ui.window_examples import DETAILS, ENTRIES


@pytest.fixture
def page(themed: QApplication, qtbot: QtBot) -> PoliciesPage:
    page = PoliciesPage()
    qtbot.addWidget(page)
    page.resize(1600, 700)
    page.show()
    page.show_policies(DETAILS, "p3", "p2")
    return page


def table(page: PoliciesPage) -> QTableView:
    return page._table


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


def test_each_policy_has_a_row(page: PoliciesPage) -> None:
    assert [cell(page, row, NAME).data() for row in range(3)] == ["v3", "v2", "v0"]
    assert cell(page, 0, STATE).data() == "▶ in use"
    assert cell(page, 1, STATE).data() == ""
    assert cell(page, 0, SUCCESS).data() == "78 % [65–87]"
    assert cell(page, 2, SUCCESS).data() == "not evaluated"
    assert cell(page, 2, PARENT).data() == "–"
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


def test_without_a_previous_policy_there_is_no_roll_back(page: PoliciesPage) -> None:
    page.show_policies(DETAILS, "p3", "")
    assert not button(page, "Roll back").isEnabled()


def test_a_note_is_requested_not_stored(page: PoliciesPage, qtbot: QtBot) -> None:
    table(page).selectRow(1)
    page._note.trigger()
    editor = table(page).findChild(QLineEdit)
    qtbot.keyClicks(editor, " good on blue ")
    with qtbot.waitSignal(page.note_changed) as signal:
        qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert signal.args == ["p2", "good on blue"]
    assert cell(page, 1, NOTE).data() == ""


def test_the_selection_stays_when_policies_change(page: PoliciesPage) -> None:
    table(page).selectRow(1)
    page.show_policies({name: DETAILS[name] for name in ("p2", "p0")}, "p2", "p0")
    assert table(page).currentIndex().row() == 0


def test_an_empty_page_says_where_policies_come_from(page: PoliciesPage) -> None:
    page.show_policies({}, "")
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


def test_a_name_is_requested_not_stored(page: PoliciesPage, qtbot: QtBot) -> None:
    table(page).selectRow(1)
    page.rename_selected()
    editor = table(page).findChild(QLineEdit)
    editor.selectAll()
    qtbot.keyClicks(editor, "steady")
    with qtbot.waitSignal(page.renamed) as signal:
        qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert signal.args == ["p2", "steady"]
    assert cell(page, 1, NAME).data() == "v2"


def test_facts_on_the_selected_policy(page: PoliciesPage, qtbot: QtBot) -> None:
    page.show_selected({"total": ((1.0, 3.0), (2.0, 2.0))})
    texts = " ".join(label.text() for label in page.about.findChildren(QLabel))
    for part in ("14 episodes, 2800 steps, 31 takeovers", "cost 0.40", "78 % [65–87] on 50 episodes"):
        assert part in texts
    assert [row.name for row in page.about._settings._rows.rows] == ["epochs", "balance"]
    assert page.about._curves.plots["total"].series[0].points == ((1.0, 3.0), (2.0, 2.0))
    with qtbot.waitSignal(page.about.episodes_requested) as episodes:
        page.about._episodes.click()
    assert episodes.args == ["p3"]
    page.about._parent.click()
    assert page.selected is DETAILS["p2"]


def test_two_policies_are_compared_with_differing_settings_first(page: PoliciesPage, qtbot: QtBot) -> None:
    page.compare("p2", "p3")
    page.comparison.show_pair([{}, {"total": ((1.0, 3.0),)}])
    assert "v3 succeeds 16 points more often than v2" in page.comparison.text()
    assert "McNemar" in page.comparison.text()
    rows = page.comparison._settings._rows.rows
    assert [(row.name, row.first, row.second) for row in rows] == [
        ("cost", "automatic", "–"),
        ("balance", "0.25", "0.5"),
        ("epochs", "80", "80"),
    ]
    with qtbot.waitSignal(page.evaluate_requested) as signal:
        page.comparison._evaluate.click()
    assert signal.args == [("p2", "p3")]
    page.compare("p3", "p3")
    page.comparison.show_pair([{}])
    assert "two different" in page.comparison.text()


def test_archived_policies_are_shown_on_request(page: PoliciesPage, qtbot: QtBot) -> None:
    archived = replace(DETAILS["p2"], entry=replace(ENTRIES[1], archived=True))
    page.show_policies({**DETAILS, "p2": archived}, "p3", "")
    assert [entry.name for entry in page._model.entries] == ["v3", "v0"]
    page._archived.setChecked(True)
    assert cell(page, 1, STATE).data() == "archived"
    table(page).selectRow(1)
    with qtbot.waitSignal(page.archive_requested) as signal:
        page.archive_selected()
    assert signal.args == ["p2", False]


def test_settings_have_the_titles_of_the_learn_panel_and_come_before_fitted_values(page: PoliciesPage) -> None:
    record = replace(DETAILS["p3"].record, settings={"epochs": 80, "learned": {"best_epoch": 7, "cost": None}})
    rows = setting_rows(record)
    assert [(row.info.title, row.first) for row in rows] == [
        ("Epochs", "80"),
        ("Best epoch", "7"),
        ("Cost c found", "–"),
    ]
    page.show_policies({"p3": replace(DETAILS["p3"], record=record)}, "p3")
    page.show_selected({})
    shown = page.about._settings.model()
    assert "(epochs)" in shown.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)


def test_a_narrow_table_hides_columns_instead_of_scrolling(page: PoliciesPage, qtbot: QtBot) -> None:
    view = table(page)
    page.resize(1900, 700)
    assert not any(view.isColumnHidden(column) for column in range(NOTE))
    page.resize(960, 600)
    assert view.isColumnHidden(PARENT)
    assert not any(view.isColumnHidden(column) for column in (NAME, SUCCESS, NOTE))
    qtbot.waitUntil(lambda: view.horizontalScrollBar().maximum() == 0)
    page.resize(1900, 700)
    assert not view.isColumnHidden(PARENT)


def test_files_can_be_dropped_on_the_page(page: PoliciesPage, qtbot: QtBot, tmp_path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "v9.zip"))])
    buttons, no_keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    event = QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, data, buttons, no_keys)
    with qtbot.waitSignal(page.dropped) as signal:
        page.dropEvent(event)
    assert signal.args == [str(tmp_path / "v9.zip")]


def test_success_is_drawn_against_human_steps_along_the_line_of_descent(page: PoliciesPage, qtbot: QtBot) -> None:
    learned = {"p2": LearnedFrom(4, 400, 6, 120), "p3": LearnedFrom(9, 900, 15, 310), "p0": LearnedFrom()}
    details = {name: replace(each, learned_from=learned[name]) for name, each in DETAILS.items()}
    page.show_policies(details, "p3", "p2")
    line, others, lower, upper = page.curve.plot.series
    assert [(x, round(y)) for x, y in line.points] == [(120.0, 62), (310.0, 78)]
    assert not others.points, "v0 was not evaluated"
    assert [x for x, _ in lower.points] == [x for x, _ in upper.points] == [120.0, 310.0]
    assert "v3: 78 % [65–87] on 50 starts; learned from 9 episodes, 15 takeovers" in line.tips
    page.curve.plot.point_chosen.emit(0, 0)  # as a click does
    assert page.selected is not None
    assert page.selected.entry.name == "v2"
    page.show_policies({"p3": details["p3"]}, "p3")
    assert page.curve.plot.isHidden()


def test_what_happened_while_it_was_supervised_is_counted_by_outcome(page: PoliciesPage) -> None:
    recorded = {"failure": 2, "success": 9, "partial success": 3}
    page.show_policies({**DETAILS, "p3": replace(DETAILS["p3"], recorded=recorded)}, "p3")
    page.show_selected({})
    assert "9 success, 3 partial success, 2 failure" in [label.text() for label in page.about.findChildren(QLabel)]


def test_the_trainings_of_several_policies_are_drawn_over_one_another(page: PoliciesPage, qtbot: QtBot) -> None:
    with qtbot.waitSignal(page.losses_wanted):
        page._tabs.setCurrentWidget(page.curve)
    assert [each.entry.name for each in page.curve.newest] == ["v3", "v2", "v0"]
    curves = {"total": ((1.0, 2.0), (2.0, 1.0)), "held_out": ((1.0, 3.0), (2.0, 2.5)), "success": ((1.0, 0.0),)}
    page.curve.show_losses([curves, curves, {}])
    for plot in page.curve.losses.plots.values():
        assert [each.name.split()[0] for each in plot.series] == ["v3", "v2"]
        assert len({(each.colour, each.style) for each in plot.series}) == 2
