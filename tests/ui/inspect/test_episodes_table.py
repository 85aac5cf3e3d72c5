from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from PySide6.QtCore import QDate, QItemSelectionModel, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from mile_desktop.storage.browse import EpisodeFilter, EpisodeRow
from mile_desktop.storage.operator_names import NO_NAME
from mile_desktop.ui.inspect.episode_filters import FilterOptions
from mile_desktop.ui.inspect.episodes_table import EpisodesTable
from mile_desktop.ui.inspect.episodes_table_model import NAMES, EpisodesModel
from mile_desktop.ui.inspect.filter_model import FilterChoice, Period, decode_choice, encode_choice
from tests.ui.inspect.examples import a_row

IDS = [f"ep-{number:05}" for number in range(1000)]


class FakeDatabase:
    """Rows by id, and which were read."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.deleted: set[str] = set()

    def fetch(self, ids: Sequence[str]) -> Mapping[str, EpisodeRow]:
        self.read += ids
        return {each: a_row(each, steps=int(each[3:])) for each in ids if each not in self.deleted}


@pytest.fixture
def database() -> FakeDatabase:
    return FakeDatabase()


@pytest.fixture
def table(themed: QApplication, qtbot: QtBot, database: FakeDatabase) -> EpisodesTable:
    table = EpisodesTable(database.fetch)
    qtbot.addWidget(table)
    table.resize(1200, 300)
    table.show()
    table.show_episodes(IDS, len(IDS))
    return table


def button(table: EpisodesTable, text: str) -> QPushButton:
    return next(each for each in table.findChildren(QPushButton) if each.text() == text)


def test_the_model_keeps_qts_rules(themed: QApplication, database: FakeDatabase) -> None:
    model = EpisodesModel(database.fetch)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.show_episodes(IDS[:3])
    model.show_episodes(IDS[2:])
    model.reread()
    assert tester.model() is model


def test_only_visible_rows_are_read(table: EpisodesTable, database: FakeDatabase) -> None:
    table.grab()
    assert len(set(database.read)) <= 256
    table.table.scrollToBottom()
    table.grab()
    assert IDS[-1] in database.read
    assert len(set(database.read)) <= 512


def test_cells_show_values_and_mark_those_not_computed_yet(themed: QApplication) -> None:
    rows = {
        "a": a_row("a", outcome="failure", edits=2),
        "b": a_row("b", outcome="time limit", threshold=0.5, misses=3, brier=0.125),
    }
    model = EpisodesModel(lambda ids: {each: rows[each] for each in ids if each in rows})
    model.show_episodes(["a", "b", "gone"])

    def cell(place: int, name: str, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        return model.index(place, NAMES.index(name)).data(role)  # type: ignore[arg-type]

    assert cell(0, "outcome") == "✕ failure ✎"
    assert cell(1, "outcome") == "◷ time limit"
    assert cell(0, "misses") == "…"
    assert (cell(1, "misses"), cell(1, "brier")) == ("3", "0.12")
    assert cell(1, "misses", Qt.ItemDataRole.ToolTipRole) == "at a threshold of 0.50"
    assert cell(2, "started_at") == "deleted"
    assert cell(2, "steps") is None


def test_filter_and_order_are_left_to_the_database(table: EpisodesTable, qtbot: QtBot) -> None:
    with qtbot.waitSignal(table.query_changed):
        qtbot.mouseClick(button(table, "Miss"), Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(table.query_changed):
        qtbot.keyClicks(table.filters._search, "v7 gamepad")
    assert table.filter == EpisodeFilter(text="v7 gamepad", has_miss=True)
    with qtbot.waitSignal(table.query_changed):
        table.table.sortByColumn(NAMES.index("takeovers"), Qt.SortOrder.DescendingOrder)
    assert table.order == ("takeovers", True)
    table.filters.clear()
    assert table.filter == EpisodeFilter()


def test_episodes_that_ended_by_their_time_limit_can_be_filtered(table: EpisodesTable, qtbot: QtBot) -> None:
    with qtbot.waitSignal(table.query_changed):
        table.filters._outcome.setCurrentText("◷ time limit")
    assert table.filter == EpisodeFilter(outcome="time limit")


def test_the_selection_stays_as_long_as_its_rows_are_listed(table: EpisodesTable, qtbot: QtBot) -> None:
    table.table.selectRow(5)
    table.table.selectionModel().select(
        table.model.index(7, 0),
        table.table.selectionModel().SelectionFlag.Select | table.table.selectionModel().SelectionFlag.Rows,
    )
    assert table.selected == (IDS[5], IDS[7])
    with qtbot.assertNotEmitted(table.current_changed):
        table.show_episodes(["new", *IDS], len(IDS) + 1)
    assert table.selected == (IDS[5], IDS[7])
    assert table.current == IDS[5]
    table.show_episodes(IDS[6:], len(IDS))
    assert table.selected == (IDS[7],)


def test_a_chosen_episode_is_selected_alone(table: EpisodesTable) -> None:
    table.table.selectRow(1)
    flags = QItemSelectionModel.SelectionFlag
    table.table.selectionModel().select(table.model.index(3, 0), flags.Select | flags.Rows)
    assert "2 selected" in table.filters._count.text()
    assert table.choose(IDS[700])
    assert (table.selected, table.current) == ((IDS[700],), IDS[700])
    assert "selected" not in table.filters._count.text()


def test_the_table_says_why_it_is_empty(table: EpisodesTable) -> None:
    def shown() -> set[str]:
        return {label.text() for label in table.findChildren(QLabel) if label.isVisible()}

    table.show_episodes((), 0)
    assert "No episodes yet" in shown()
    table.show_episodes((), 5)
    assert "No episode matches" in shown()
    button(table, "Bin").setChecked(True)
    table.show_episodes((), 5)
    assert "The bin is empty" in shown()
    assert table.current == ""


def test_the_selection_is_copied_as_csv(table: EpisodesTable) -> None:
    table.table.selectRow(3)
    table.copy()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].startswith("episode,started_at,scene,policy")
    assert [line.split(",")[0] for line in lines[1:]] == [IDS[3]]


def test_new_rows_at_the_top_do_not_scroll_the_table(table: EpisodesTable) -> None:
    table.table.scrollTo(table.model.index(400, 0), table.table.ScrollHint.PositionAtTop)
    on_top = table.table.indexAt(QPoint(0, 0)).row()
    table.show_episodes(["new-1", "new-2", *IDS], len(IDS) + 2)
    assert table.model.ids[table.table.indexAt(QPoint(0, 0)).row()] == IDS[on_top]


def test_lists_appear_where_there_is_something_to_choose_and_a_choice_that_is_gone_is_dropped(
    table: EpisodesTable,
) -> None:
    filters = table.filters
    boxes = (filters._scene, filters._policy, filters._operator, filters._tag)
    assert not any(each.isVisible() for each in boxes)
    options = FilterOptions((("peg", "Peg"), ("lander", "Lander")), (("p1", "v1"), ("p2", "v2")), ("Anna",), ("slip",))
    filters.show_options(options)
    assert all(each.isVisible() for each in boxes)
    filters._operator.setCurrentText("No name")
    filters._tag.setCurrentText("slip")
    filters._policy.setCurrentText("v2")
    assert table.filter == EpisodeFilter(operator_name=NO_NAME, tag="slip", policy_id="p2")
    filters.show_options(FilterOptions(policies=(("p1", "v1"),), operators=("Anna",)))
    assert table.filter == EpisodeFilter(operator_name=NO_NAME)


def test_hidden_episodes_are_counted_and_come_back_with_one_click(table: EpisodesTable, qtbot: QtBot) -> None:
    clear = button(table, "Clear filter")
    assert not clear.isVisible()
    table.filters._outcome.setCurrentText("◐ partial success")
    table.show_episodes(IDS[:12], len(IDS))
    assert table.filters._count.text() == "12 of 1,000 · 988 hidden"
    with qtbot.waitSignal(table.query_changed):
        qtbot.mouseClick(clear, Qt.MouseButton.LeftButton)
    assert table.filter == EpisodeFilter()
    table.show_episodes(IDS, len(IDS))
    assert table.filters._count.text() == "1,000"
    assert not clear.isVisible()


def test_days_are_chosen_and_remembered_as_they_were_chosen(table: EpisodesTable) -> None:
    filters = table.filters
    filters._period.setCurrentText("From … to …")
    assert filters._first.isVisible()
    filters._first.setDate(QDate(2026, 1, 30))
    filters._last.setDate(QDate(2026, 1, 31))
    remembered = encode_choice(filters.choice)
    filters.clear()
    assert not filters._first.isVisible()
    filters.show_choice(decode_choice(remembered))
    assert (table.filter.since[:11], table.filter.until[:11]) == (utc(2026, 1, 30)[:11], utc(2026, 2, 1)[:11])


def test_a_remembered_filter_that_cannot_be_read_is_none() -> None:
    assert decode_choice("{") == decode_choice('{"period": "year"}') == FilterChoice()


def utc(year: int, month: int, day: int) -> str:
    return datetime(year, month, day).astimezone(UTC).isoformat()


@pytest.mark.parametrize(("period", "days"), [("today", 0), ("week", 6), ("month", 29)])
def test_a_period_ends_today(period: Period, days: int) -> None:
    today = date(2026, 3, 31)
    wanted = FilterChoice(period=period).as_filter(today)
    first = today - timedelta(days=days)
    assert (wanted.since, wanted.until) == (utc(first.year, first.month, first.day), "")


def test_sorting_needs_no_mouse(table: EpisodesTable) -> None:
    (steps,) = [action for action in table._sorting.actions() if action.text() == "Length"]
    steps.trigger()
    assert table.order == ("steps", False)
    steps.trigger()
    assert table.order == ("steps", True)


def test_generated_episodes_are_offered_where_there_are_any_and_marked(table: EpisodesTable) -> None:
    source = table.filters._source
    assert not source.isVisible()
    table.filters.show_generated(2)
    assert source.isVisible()
    table.filters.show_source("generated")
    assert table.filter == EpisodeFilter(source="generated")
    rows = {"a": a_row("a", generated="run-1"), "b": a_row("b")}
    model = EpisodesModel(lambda ids: {each: rows[each] for each in ids})
    model.show_episodes(["a", "b"])

    def cell(place: int, name: str, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        return model.index(place, NAMES.index(name)).data(role)  # type: ignore[arg-type]

    icons = [cell(place, "started_at", Qt.ItemDataRole.DecorationRole) is not None for place in (0, 1)]
    assert icons == [True, False]
    assert (cell(0, "misses"), cell(1, "misses")) == ("", "…")
    assert str(cell(0, "started_at", Qt.ItemDataRole.ToolTipRole)).startswith("generated, a")
    # The last set was removed: recorded episodes again.
    table.filters.show_generated(0)
    assert (source.isVisible(), table.filter) == (False, EpisodeFilter())


@pytest.mark.parametrize("episodes", [3, 1000])
def test_no_width_makes_a_person_scroll_sideways(table: EpisodesTable, episodes: int) -> None:
    table.show_episodes(IDS[:episodes], episodes)
    found = []
    for width in range(900, 1500, 25):
        table.resize(width, 216)
        QApplication.processEvents()
        if table.table.horizontalScrollBar().maximum():
            found.append(width)
    assert not found
