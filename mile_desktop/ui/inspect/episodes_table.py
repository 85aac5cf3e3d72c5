"""The table of all episodes with its filters."""

from collections.abc import Sequence

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from mile_desktop.storage.browse import Column, EpisodeFilter
from mile_desktop.ui.inspect.episodes_table_model import COLUMNS, NAMES, EpisodesModel, Fetch
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.menu_key import MenuKey
from mile_desktop.ui.widgets.page_frame import EmptyState
from mile_desktop.ui.widgets.tables import NarrowingTable

_ROW_HEIGHT = 28
_WIDTHS = (152, 112, 60, 90, 100, 62, 82, 66, 96, 64, 56)
_LEFT_OUT_FIRST = (NAMES.index("operator"), NAMES.index("scene"))
_LEAST_NOTE = 64
_TYPING_MS = 200
_OUTCOMES = (("Any outcome", ""), ("✓ success", "success"), ("✕ failure", "failure"), ("– aborted", "aborted"))
_EMPTY = (
    (
        "mdi6.timeline-text-outline",
        "No episodes yet",
        "Start one on the Supervise page: every step will be here.",
    ),
    (
        "mdi6.filter-off-outline",
        "No episode matches",
        "Change the filter, or clear the search field.",
    ),
    ("mdi6.delete-empty-outline", "The bin is empty", "Episodes that you delete are kept here and can be restored."),
)


class EpisodesTable(QFrame):
    """Filters on top, rows below; asks by signals and reads rows through ``fetch``. Window's thread only."""

    wanted_changed = Signal()
    """Filter or order: show other ids."""
    current_changed = Signal(str)
    """The episode to be looked at; empty for none."""
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
        self._scene, self._outcome = QComboBox(), QComboBox()
        self._takeover, self._alarm, self._miss, self._bin = (
            _toggle(*each)
            for each in (
                ("Takeover", "Only episodes in which somebody took over", "mdi6.hand-back-right-outline"),
                ("False alarm", "Only episodes with a false alarm at your threshold", "mdi6.bell-alert-outline"),
                ("Miss", "Only episodes with a takeover that no alarm announced", "mdi6.bell-off-outline"),
                ("Bin", "Look into the bin", "mdi6.delete-outline"),
            )
        )
        self._count = QLabel()
        theme.set_role(self._count, "secondary")
        self.table = NarrowingTable()
        self._copy = QAction("Copy as CSV", self)
        self._sorting = QMenu("Sort by", self)
        self._views = QStackedWidget()
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._prepare_filters()
        self._prepare_table()
        self._lay_out()

    # ── what is wanted, what is shown ────────────────────────────────────────────────────────────────────────────

    @property
    def wanted(self) -> EpisodeFilter:
        """Which episodes are asked for."""
        return EpisodeFilter(
            text=self._search.text(),
            scene=self._scene.currentData() or "",
            outcome=self._outcome.currentData() or "",
            has_takeover=self._takeover.isChecked(),
            has_false_alarm=self._alarm.isChecked(),
            has_miss=self._miss.isChecked(),
            deleted=self._bin.isChecked(),
        )

    @property
    def order(self) -> tuple[Column, bool]:
        """The column to sort by, and whether the largest comes first."""
        return self._order, self._descending

    @property
    def current(self) -> str:
        """The episode that is looked at."""
        return self._current

    @property
    def selected(self) -> tuple[str, ...]:
        """Every selected episode, in the order of the table."""
        ids = self.model.ids
        return tuple(ids[place] for place in sorted(self._chosen_rows()))

    def show_episodes(self, ids: Sequence[str], total: int) -> None:
        """Show ``ids``; the selection stays as far as it is among them. ``total``: how many there are unfiltered."""
        chosen, current = set(self.selected), self._current
        top = self.table.indexAt(QPoint(0, 0)).row()
        on_top = self.model.ids[top] if top > 0 else ""
        self._total = total
        with QSignalBlocker(self.table.selectionModel()):
            self.model.show_episodes(ids)
            self._select([place for each in chosen if (place := self.model.place_of(each)) >= 0], current)
        empty = 0 if total == 0 and not self.wanted.deleted else 2 if self.wanted == EpisodeFilter(deleted=True) else 1
        self._views.setCurrentIndex(0 if ids else 1 + empty)
        if on_top and (place := self.model.place_of(on_top)) >= 0:
            self.table.scrollTo(self.model.index(place, 0), QAbstractItemView.ScrollHint.PositionAtTop)
        self._count_rows()
        self._current_moved()
        self.selection_changed.emit()

    def show_scenes(self, scenes: Sequence[tuple[str, str]]) -> None:
        """Offer these scenes, name and title each, in the filter."""
        if [self._scene.itemData(index) for index in range(1, self._scene.count())] == [name for name, _ in scenes]:
            return
        chosen = self._scene.currentData()
        with QSignalBlocker(self._scene):
            self._scene.clear()
            self._scene.addItem("Any scene", "")
            for name, title in scenes:
                self._scene.addItem(title, name)
            self._scene.setCurrentIndex(max(self._scene.findData(chosen), 0))

    def choose(self, episode_id: str) -> bool:
        """Look at an episode, if it is in the table; it alone is selected, whatever keys are down meanwhile."""
        place = self.model.place_of(episode_id)
        if place >= 0:
            flags = QItemSelectionModel.SelectionFlag
            self.table.selectionModel().setCurrentIndex(self.model.index(place, 0), flags.ClearAndSelect | flags.Rows)
            self.table.scrollTo(self.model.index(place, 0))
        return place >= 0

    def clear_filter(self) -> None:
        """Let all episodes through."""
        for box in (self._scene, self._outcome):
            box.setCurrentIndex(0)
        for toggle in (self._takeover, self._alarm, self._miss, self._bin):
            toggle.setChecked(False)
        self._search.clear()
        self._wish()

    def set_compact(self, compact: bool) -> None:
        """Show the filters without their words, or with them."""
        for toggle in (self._takeover, self._alarm, self._miss, self._bin):
            toggle.setText("" if compact else toggle.accessibleName())

    def search_for(self, text: str) -> None:
        """Look for these words, at once."""
        self._search.setText(text)
        self._wish()

    def search(self) -> None:
        """Put the keyboard into the search field."""
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search.selectAll()

    def copy(self) -> None:
        """Put the selected episodes, or all that are shown, on the clipboard as comma-separated text."""
        QGuiApplication.clipboard().setText(self.model.as_table(self.selected or self.model.ids).as_csv())

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _prepare_filters(self) -> None:
        self._search.setPlaceholderText("Search episodes")
        self._search.setAccessibleName("Search episodes")
        self._search.setToolTip("Words in scene, policy, operator, device, outcome, date, note or id (Ctrl + F)")
        self._search.setClearButtonEnabled(True)
        self._scene.setAccessibleName("Scene")
        self._scene.addItem("Any scene", "")
        self._outcome.setAccessibleName("Outcome")
        for title, outcome in _OUTCOMES:
            self._outcome.addItem(title, outcome)
        self._search.textChanged.connect(self._typed)
        self._typing.timeout.connect(self._wish)
        for box in (self._scene, self._outcome):
            box.currentIndexChanged.connect(self._wish)
        for toggle in (self._takeover, self._alarm, self._miss, self._bin):
            toggle.toggled.connect(self._wish)

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
        self.model.sort_asked.connect(self._sort)
        table.selectionModel().currentRowChanged.connect(self._current_moved)
        table.selectionModel().selectionChanged.connect(self._selected)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._open_menu)
        MenuKey(table)
        self._copy.setShortcut(QKeySequence.StandardKey.Copy)
        self._copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self._copy.triggered.connect(self.copy)
        table.addAction(self._copy)
        for _, title, _ in COLUMNS:
            self._sorting.addAction(title)
        self._sorting.triggered.connect(self._sort_chosen)
        theme.signals().changed.connect(self._restyle)
        self._restyle()
        table.may_leave_out(_LEFT_OUT_FIRST, _LEAST_NOTE, _WIDTHS)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        theme.space(row, (8, 8, 8, 4), 6)
        row.addWidget(self._search, 1)
        for widget in (self._scene, self._outcome, self._takeover, self._alarm, self._miss):
            row.addWidget(widget)
        row.addWidget(self._count)
        row.addWidget(self._bin)
        theme.bound(self._search, least_width=120)
        self._views.addWidget(self.table)
        for icon, headline, way in _EMPTY:
            self._views.addWidget(EmptyState(icon, headline, way))
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

    def _wish(self) -> None:
        self._typing.stop()
        self.wanted_changed.emit()

    def _sort(self, column: str, descending: bool) -> None:
        self._order, self._descending = NAMES[NAMES.index(column)], descending
        self._wish()

    def _sort_chosen(self, action: QAction) -> None:
        """Sort by a column, or the other way round: what a click on its heading does."""
        column = self._sorting.actions().index(action)
        again = self._order == NAMES[column] and not self._descending
        order = Qt.SortOrder.DescendingOrder if again else Qt.SortOrder.AscendingOrder
        self.table.sortByColumn(column, order)

    def _select(self, places: list[int], current: str) -> None:
        selection = QItemSelection()
        for first, last in _runs(sorted(places)):
            selection.select(self.model.index(first, 0), self.model.index(last, len(COLUMNS) - 1))
        chooser = self.table.selectionModel()
        chooser.select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        place = self.model.place_of(current)
        if place >= 0:
            chooser.setCurrentIndex(self.model.index(place, 0), QItemSelectionModel.SelectionFlag.NoUpdate)

    def _current_moved(self) -> None:
        place = self.table.currentIndex().row()
        current = self.model.ids[place] if 0 <= place < len(self.model.ids) else ""
        if current != self._current:
            self._current = current
            self.current_changed.emit(current)

    def _selected(self) -> None:
        self._count_rows()
        self.selection_changed.emit()

    def _count_rows(self) -> None:
        shown, chosen = len(self.model.ids), len(self._chosen_rows())
        words = f"{shown:,} of {self._total:,}" if shown != self._total else f"{shown:,}"
        self._count.setText(f"{words} · {chosen:,} selected" if chosen > 1 else words)

    def _chosen_rows(self) -> list[int]:
        """Return the places of the selected rows: from ranges, because Qt makes an object for each of many rows."""
        selection = self.table.selectionModel().selection()
        ranges = [selection.at(number) for number in range(selection.count())]
        return [place for chosen in ranges for place in range(chosen.top(), chosen.bottom() + 1)]

    def _open_menu(self, position: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self._copy)
        menu.addMenu(self._sorting)
        menu.popup(self.table.viewport().mapToGlobal(position))


def _runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """Return first and last of each run of neighbours."""
    runs: list[tuple[int, int]] = []
    for place in places:
        if runs and runs[-1][1] == place - 1:
            runs[-1] = runs[-1][0], place
        else:
            runs.append((place, place))
    return runs


def _toggle(text: str, tooltip: str, icon: str) -> QPushButton:
    button = QPushButton(text)
    button.setCheckable(True)
    button.setToolTip(tooltip)
    button.setAccessibleName(text)
    theme.set_role(button, "control")
    theme.set_icon(button, icon, "secondary", 16)
    return button
