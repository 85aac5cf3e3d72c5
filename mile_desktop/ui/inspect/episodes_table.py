"""The table of all episodes with its filters."""

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QMenu, QStackedWidget, QVBoxLayout, QWidget

from mile_desktop.storage.browse import Column, EpisodeFilter
from mile_desktop.ui.inspect.episode_filters import EpisodeFilters
from mile_desktop.ui.inspect.episodes_table_model import COLUMNS, NAMES, EpisodesModel, Fetch
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.menu_key import MenuKey
from mile_desktop.ui.widgets.page_frame import EmptyState
from mile_desktop.ui.widgets.tables import NarrowingTable

_ROW_HEIGHT = 28
_WIDTHS = (192, 112, 60, 140, 144, 62, 82, 66, 96, 64, 56, 110)
_HIDDEN_FIRST = tuple(NAMES.index(name) for name in ("scene", "brier", "tags", "operator"))
_LEAST_NOTE = 64
_EMPTY = (
    (
        "mdi6.timeline-text-outline",
        "No episodes yet",
        "Start one on the Supervise page. Every step is recorded and listed here.",
    ),
    (
        "mdi6.filter-off-outline",
        "No episode matches",
        "Change the filter, or press Clear filter.",
    ),
    ("mdi6.delete-empty-outline", "The bin is empty", "Episodes that you delete are kept here and can be restored."),
)


class EpisodesTable(QFrame):
    """Filters on top, rows below; requests by signals, and reads rows through ``fetch``. Window's thread only."""

    query_changed = Signal()
    """Filter or order has changed: other ids are wanted."""
    current_changed = Signal(str)
    """Id of the episode to show; empty: none."""
    selection_changed = Signal()

    def __init__(self, fetch: Fetch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "panel")
        self.model = EpisodesModel(fetch, self)
        self._order: Column = "started_at"
        self._descending = True
        self._current = ""
        self._total = 0
        self.filters = EpisodeFilters()
        self.table = NarrowingTable()
        self._copy = QAction("Copy as CSV", self)
        self._added: list[QAction] = []
        self._sorting = QMenu("Sort by", self)
        self._views = QStackedWidget()
        self.filters.changed.connect(self.query_changed)
        self._prepare_table()
        self._lay_out()

    # ── query, selection and rows ────────────────────────────────────────────────────────────────────────────────

    @property
    def filter(self) -> EpisodeFilter:
        """Which episodes to list."""
        return self.filters.choice.as_filter(datetime.now().astimezone().date())

    @property
    def order(self) -> tuple[Column, bool]:
        """The column to sort by, and whether the largest value comes first."""
        return self._order, self._descending

    @property
    def current(self) -> str:
        """Id of the episode that is shown; empty: none."""
        return self._current

    @property
    def selected(self) -> tuple[str, ...]:
        """Ids of all selected episodes, in the order of the table."""
        ids = self.model.ids
        return tuple(ids[row] for row in sorted(self._selected_rows()))

    def show_episodes(self, ids: Sequence[str], total: int) -> None:
        """Show ``ids``, out of ``total`` without a filter; the selection stays where its episodes are still listed."""
        # A new list resets the model, which clears selection and scroll position. Both are restored by id, silently:
        # an episode that ends during supervision must not change what is shown.
        selected, current = set(self.selected), self._current
        top = self.table.indexAt(QPoint(0, 0)).row()
        on_top = self.model.ids[top] if top > 0 else ""
        self._total = total
        with QSignalBlocker(self.table.selectionModel()):
            self.model.show_episodes(ids)
            self._select([row for each in selected if (row := self.model.row_of(each)) >= 0], current)
        choice = self.filters.choice
        empty = 0 if total == 0 and not choice.deleted else 1 if choice.hides or not choice.deleted else 2
        # Three reasons for an empty table, each with another way out.
        self._views.setCurrentIndex(0 if ids else 1 + empty)
        if on_top and (row := self.model.row_of(on_top)) >= 0:
            self.table.scrollTo(self.model.index(row, 0), QAbstractItemView.ScrollHint.PositionAtTop)
        self._count_rows()
        self._current_moved()
        self.selection_changed.emit()

    def choose(self, episode_id: str) -> bool:
        """Select one episode and show it; return whether it is in the table."""
        row = self.model.row_of(episode_id)
        if row >= 0:
            # with explicit flags: by itself Qt would extend the selection while Shift or Ctrl is down
            flags = QItemSelectionModel.SelectionFlag
            self.table.selectionModel().setCurrentIndex(self.model.index(row, 0), flags.ClearAndSelect | flags.Rows)
            self.table.scrollTo(self.model.index(row, 0))
        return row >= 0

    def copy(self) -> None:
        """Copy the selected episodes, or all that are listed, to the clipboard as comma-separated text."""
        # One selected row is the shown episode, which is always selected; a person means that one.
        QGuiApplication.clipboard().setText(self.model.as_table(self.selected or self.model.ids).as_csv())

    def add_tool(self, widget: QWidget, action: QAction) -> None:
        """Add ``widget`` at the end of the filters, and ``action`` to the menu of the rows."""
        self.filters.add_tool(widget)
        self._added.append(action)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _prepare_table(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setAccessibleName("Episodes")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSortIndicator(NAMES.index(self._order), Qt.SortOrder.DescendingOrder)
        table.setSortingEnabled(True)
        self.model.sort_requested.connect(self._sort)
        table.selectionModel().currentRowChanged.connect(self._current_moved)
        table.selectionModel().selectionChanged.connect(self._selected)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._open_menu)
        MenuKey(table)
        self._copy.setShortcut(QKeySequence.StandardKey.Copy)
        # only while the table has the focus: Ctrl+C in the search field copies text
        self._copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self._copy.triggered.connect(self.copy)
        table.addAction(self._copy)
        for _, title, _ in COLUMNS:
            self._sorting.addAction(title)
        self._sorting.triggered.connect(self._sort_chosen)
        theme.signals().changed.connect(self._restyle)
        self._restyle()
        table.may_leave_out(_HIDDEN_FIRST, _LEAST_NOTE, _WIDTHS)

    def _lay_out(self) -> None:
        self._views.addWidget(self.table)
        for icon, headline, hint in _EMPTY:
            self._views.addWidget(EmptyState(icon, headline, hint))
        column = QVBoxLayout(self)
        theme.space(column, (0, 0, 0, 0), 0)
        column.addWidget(self.filters)
        column.addWidget(self._views, 1)

    def _restyle(self) -> None:
        self.table.verticalHeader().setDefaultSectionSize(theme.px(_ROW_HEIGHT))
        for index, width in enumerate(_WIDTHS):
            self.table.setColumnWidth(index, theme.px(width))
        self.table.viewport().update()

    def _sort(self, column: str, descending: bool) -> None:
        self._order, self._descending = NAMES[NAMES.index(column)], descending
        self.query_changed.emit()

    def _sort_chosen(self, action: QAction) -> None:
        """Sort by a column, or reverse its order, as a click on its heading does."""
        column = self._sorting.actions().index(action)
        reverse = self._order == NAMES[column] and not self._descending
        order = Qt.SortOrder.DescendingOrder if reverse else Qt.SortOrder.AscendingOrder
        self.table.sortByColumn(column, order)

    def _select(self, rows: list[int], current: str) -> None:
        # in ranges: thousands of single rows would take seconds
        selection = QItemSelection()
        for first, last in _runs(sorted(rows)):
            selection.select(self.model.index(first, 0), self.model.index(last, len(COLUMNS) - 1))
        selection_model = self.table.selectionModel()
        selection_model.select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        row = self.model.row_of(current)
        if row >= 0:
            selection_model.setCurrentIndex(self.model.index(row, 0), QItemSelectionModel.SelectionFlag.NoUpdate)

    def _current_moved(self) -> None:
        row = self.table.currentIndex().row()
        current = self.model.ids[row] if 0 <= row < len(self.model.ids) else ""
        # Qt also emits for another column of the same row, and after a reset of the model.
        if current != self._current:
            self._current = current
            self.current_changed.emit(current)

    def _selected(self) -> None:
        self._count_rows()
        self.selection_changed.emit()

    def _count_rows(self) -> None:
        self.filters.show_count(len(self.model.ids), self._total, len(self._selected_rows()))

    def _selected_rows(self) -> list[int]:
        """Return the selected rows, from Qt's ranges: ``selectedRows`` makes an object for each of many rows."""
        selection = self.table.selectionModel().selection()
        ranges = [selection.at(number) for number in range(selection.count())]
        return [row for each in ranges for row in range(each.top(), each.bottom() + 1)]

    def _open_menu(self, position: QPoint) -> None:
        menu = QMenu(self)
        # A new menu is made each time and would otherwise stay with the page.
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions([self._copy, *self._added])
        menu.addMenu(self._sorting)
        menu.popup(self.table.viewport().mapToGlobal(position))


def _runs(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Return first and last of each run of neighbouring rows."""
    runs: list[tuple[int, int]] = []
    for row in rows:
        if runs and runs[-1][1] == row - 1:
            runs[-1] = runs[-1][0], row
        else:
            runs.append((row, row))
    return runs
