"""The table of all episodes with its filters."""

from collections.abc import Sequence

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFrame,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from mile_desktop.storage.browse import Column, EpisodeFilter, Source
from mile_desktop.storage.reasons import SHORT_NAMES
from mile_desktop.ui.inspect.episodes_table_model import COLUMNS, NAMES, EpisodesModel, Fetch
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.menu_key import MenuKey
from mile_desktop.ui.widgets.page_frame import EmptyState
from mile_desktop.ui.widgets.tables import NarrowingTable
from mile_desktop.ui.widgets.wrapping_row import WrappingRow

_ROW_HEIGHT = 28
_WIDTHS = (192, 112, 60, 90, 100, 62, 82, 66, 96, 64, 56)
_HIDDEN_FIRST = (NAMES.index("operator"), NAMES.index("scene"))
_LEAST_NOTE = 64
_MOST_BOX = 150
_TYPING_MS = 200
"""Pause in typing after which the database is searched: a query for each letter would slow typing down."""
_OUTCOMES = (
    ("Any outcome", ""),
    ("✓ success", "success"),
    ("✕ failure", "failure"),
    ("◷ time limit", "time limit"),
    ("– aborted", "aborted"),
    ("? unknown", "unknown"),
)
_SOURCES: tuple[tuple[str, Source], ...] = (
    ("Recorded", "recorded"),
    ("Generated", "generated"),
    ("Both", "all"),
)
_EMPTY = (
    (
        "mdi6.timeline-text-outline",
        "No episodes yet",
        "Start one on the Supervise page. Every step is recorded and listed here.",
    ),
    (
        "mdi6.filter-off-outline",
        "No episode matches",
        "Change the filter, or clear the search field.",
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
        self._search = QLineEdit()
        self._scene, self._outcome, self._reason, self._source = (QComboBox() for _ in range(4))
        self._takeover, self._alarm, self._miss, self._words, self._bin = self._toggles = tuple(
            _toggle(*each)
            for each in (
                ("Takeover", "Only episodes with a takeover", "mdi6.hand-back-right-outline"),
                ("False alarm", "Only episodes with a false alarm at your threshold", "mdi6.bell-alert-outline"),
                ("Miss", "Only episodes with a takeover that no alarm announced", "mdi6.bell-off-outline"),
                ("Words", "Only episodes in which a command that was typed drove", "mdi6.message-text-outline"),
                ("Bin", "Show deleted episodes", "mdi6.delete-outline"),
            )
        )
        self._count = QLabel()
        theme.set_role(self._count, "secondary")
        self.table = NarrowingTable()
        self._copy = QAction("Copy as CSV", self)
        self._added: list[QAction] = []
        self._filters = WrappingRow()
        self._sorting = QMenu("Sort by", self)
        self._views = QStackedWidget()
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._prepare_filters()
        self._prepare_table()
        self._lay_out()

    # ── query, selection and rows ────────────────────────────────────────────────────────────────────────────────

    @property
    def filter(self) -> EpisodeFilter:
        """Which episodes to list."""
        return EpisodeFilter(
            text=self._search.text(),
            scene=self._scene.currentData() or "",
            outcome=self._outcome.currentData() or "",
            reason=self._reason.currentData() or "",
            has_takeover=self._takeover.isChecked(),
            has_false_alarm=self._alarm.isChecked(),
            has_miss=self._miss.isChecked(),
            has_words=self._words.isChecked(),
            deleted=self._bin.isChecked(),
            source=self._source.currentData(),
        )

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
        everything = EpisodeFilter(deleted=True, source=self.filter.source)
        empty = 0 if total == 0 and not self.filter.deleted else 2 if self.filter == everything else 1
        # Three reasons for an empty table, each with another way out.
        self._views.setCurrentIndex(0 if ids else 1 + empty)
        if on_top and (row := self.model.row_of(on_top)) >= 0:
            self.table.scrollTo(self.model.index(row, 0), QAbstractItemView.ScrollHint.PositionAtTop)
        self._count_rows()
        self._current_moved()
        self.selection_changed.emit()

    def show_scenes(self, scenes: Sequence[tuple[str, str]]) -> None:
        """Fill the filter with these scenes, each with name and title."""
        # an open list must not be refilled under the mouse when nothing has changed
        if [self._scene.itemData(index) for index in range(1, self._scene.count())] == [name for name, _ in scenes]:
            return
        chosen = self._scene.currentData()
        with QSignalBlocker(self._scene):
            self._scene.clear()
            self._scene.addItem("Any scene", "")
            for name, title in scenes:
                self._scene.addItem(title, name)
            self._scene.setCurrentIndex(max(self._scene.findData(chosen), 0))

    def show_generated(self, count: int) -> None:
        """Offer the generated episodes, if there are any."""
        self._source.setVisible(count > 0)
        if not count:
            with QSignalBlocker(self._source):
                self._source.setCurrentIndex(0)

    def show_source(self, source: Source) -> None:
        """List recorded episodes, generated ones, or both."""
        self._source.setCurrentIndex(self._source.findData(source))

    def choose(self, episode_id: str) -> bool:
        """Select one episode and show it; return whether it is in the table."""
        row = self.model.row_of(episode_id)
        if row >= 0:
            # with explicit flags: by itself Qt would extend the selection while Shift or Ctrl is down
            flags = QItemSelectionModel.SelectionFlag
            self.table.selectionModel().setCurrentIndex(self.model.index(row, 0), flags.ClearAndSelect | flags.Rows)
            self.table.scrollTo(self.model.index(row, 0))
        return row >= 0

    def clear_filter(self) -> None:
        """Show all episodes."""
        for box in (self._source, self._scene, self._outcome, self._reason):
            box.setCurrentIndex(0)
        for toggle in self._toggles:
            toggle.setChecked(False)
        # This starts the timer of typing; the query below includes it and stops it.
        self._search.clear()
        self._emit_query()

    def set_compact(self, compact: bool) -> None:
        """Show icons only, or icons with text."""
        for toggle in self._toggles:
            toggle.setText("" if compact else toggle.accessibleName())

    def search_for(self, text: str) -> None:
        """Search for ``text`` at once."""
        self._search.setText(text)
        self._emit_query()

    def search(self) -> None:
        """Put the keyboard into the search field."""
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search.selectAll()

    def copy(self) -> None:
        """Copy the selected episodes, or all that are listed, to the clipboard as comma-separated text."""
        # One selected row is the shown episode, which is always selected; a person means that one.
        QGuiApplication.clipboard().setText(self.model.as_table(self.selected or self.model.ids).as_csv())

    def add_tool(self, widget: QWidget, action: QAction) -> None:
        """Add ``widget`` at the end of the filters, and ``action`` to the menu of the rows."""
        self._filters.addWidget(widget)
        self._added.append(action)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _prepare_filters(self) -> None:
        self._search.setPlaceholderText("Search episodes")
        self._search.setAccessibleName("Search episodes")
        self._search.setToolTip(
            "Words in scene, policy, operator, device, outcome, date, note, typed commands or id (Ctrl + F)"
        )
        self._search.setClearButtonEnabled(True)
        self._scene.setAccessibleName("Scene")
        self._scene.addItem("Any scene", "")
        self._outcome.setAccessibleName("Outcome")
        for box, entries in ((self._outcome, _OUTCOMES), (self._source, _SOURCES)):
            for title, value in entries:
                box.addItem(title, value)
        self._search.textChanged.connect(self._typed)
        self._typing.timeout.connect(self._emit_query)
        self._reason.setAccessibleName("Reason of a call")
        self._reason.setToolTip("Only episodes with a call that had this reason, at your threshold")
        self._reason.addItem("Any reason", "")
        for kind, title in SHORT_NAMES.items():
            self._reason.addItem(title, kind)
        self._source.setAccessibleName("Recorded or generated")
        self._source.setToolTip("Generated episodes are kept apart from yours; they are never counted among them")
        self._source.hide()
        for box in (self._source, self._scene, self._outcome, self._reason):
            theme.bound(box, most_width=_MOST_BOX)
            box.currentIndexChanged.connect(self._emit_query)
        for toggle in self._toggles:
            toggle.toggled.connect(self._emit_query)

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
        header.setStretchLastSection(True)
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
        row = self._filters
        theme.space(row, (8, 8, 8, 4), 6)
        row.addWidget(self._search, 1)
        for widget in (self._source, self._scene, self._outcome, self._reason, *self._toggles[:-1]):
            row.addWidget(widget)
        row.addWidget(self._count)
        row.addWidget(self._bin)
        theme.bound(self._search, least_width=120)
        self._views.addWidget(self.table)
        for icon, headline, hint in _EMPTY:
            self._views.addWidget(EmptyState(icon, headline, hint))
        column = QVBoxLayout(self)
        theme.space(column, (0, 0, 0, 0), 0)
        column.addLayout(row)
        column.addWidget(self._views, 1)

    def _restyle(self) -> None:
        self.table.verticalHeader().setDefaultSectionSize(theme.px(_ROW_HEIGHT))
        for index, width in enumerate(_WIDTHS):
            self.table.setColumnWidth(index, theme.px(width))
        self.table.viewport().update()

    def _typed(self) -> None:
        self._typing.start()

    def _emit_query(self) -> None:
        self._typing.stop()  # a query that was still waiting is included in this one
        self.query_changed.emit()

    def _sort(self, column: str, descending: bool) -> None:
        self._order, self._descending = NAMES[NAMES.index(column)], descending
        self._emit_query()

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
        shown, selected = len(self.model.ids), len(self._selected_rows())
        count = f"{shown:,} of {self._total:,}" if shown != self._total else f"{shown:,}"
        self._count.setText(f"{count} · {selected:,} selected" if selected > 1 else count)

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


def _toggle(text: str, tooltip: str, icon: str) -> QPushButton:
    button = QPushButton(text)
    button.setCheckable(True)
    button.setToolTip(tooltip)
    button.setAccessibleName(text)
    theme.set_role(button, "control")
    theme.set_icon(button, icon, "secondary", 16)
    return button
