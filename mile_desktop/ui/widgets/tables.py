"""Tables of records: columns described as values, and one Qt model for all of them."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSortFilterProxyModel, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard

Index = QModelIndex | QPersistentModelIndex
ROW_ROLE = Qt.ItemDataRole.UserRole
"""The record of the row."""
SORT_ROLE = Qt.ItemDataRole.UserRole + 1
"""The value by which the cell is sorted."""
_ROW_HEIGHT = 32

R = TypeVar("R")


def _nothing(_: object) -> str:
    return ""


@dataclass(frozen=True)
class Column(Generic[R]):
    """One column of a table of ``R``."""

    title: str
    text: Callable[[R], str]
    sort_key: Callable[[R], Any] | None = None
    """The value by which it is sorted; None: its text."""
    is_number: bool = False
    """Numbers are aligned to the right."""
    tip: Callable[[R], str] = _nothing
    colour: Callable[[R], str] = _nothing
    """A colour of the theme; empty: the usual text colour."""


class RowsModel(OverrideGuard, QAbstractTableModel, Generic[R]):
    """A Qt model of records, which are set with ``show_rows``.

    Parameters
    ----------
    columns
        The columns, from the left.
    key
        Identity of a record: rows with the same keys as before are changed in place, so that the selection stays.
    """

    def __init__(
        self, columns: Sequence[Column[R]], key: Callable[[R], Hashable], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._columns = tuple(columns)
        self._key = key
        self._rows: tuple[R, ...] = ()
        self._keys: list[Hashable] = []

    @property
    def rows(self) -> tuple[R, ...]:
        """The records."""
        return self._rows

    @property
    def last_is_number(self) -> bool:
        """Whether the last column holds numbers: it is not stretched then, which would put them far from the others."""
        return self._columns[-1].is_number

    def set_titles(self, *titles: str) -> None:
        """Change the titles of the columns."""
        self._columns = tuple(replace(column, title=title) for column, title in zip(self._columns, titles, strict=True))
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(titles) - 1)

    def show_rows(self, rows: Sequence[R]) -> None:
        """Show ``rows`` in place of what was shown."""
        keys = [self._key(row) for row in rows]
        # A reset loses selection and scroll position, so it is only used when rows come or go.
        if keys != self._keys:
            self.beginResetModel()
            self._rows, self._keys = tuple(rows), keys
            self.endResetModel()
            return
        before, self._rows = self._rows, tuple(rows)
        for number, (old, new) in enumerate(zip(before, self._rows, strict=True)):
            if old != new:
                self.dataChanged.emit(self.index(number, 0), self.index(number, len(self._columns) - 1))

    def rowCount(self, parent: Index | None = None) -> int:
        """Return how many records there are."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:
        """Return how many columns there are."""
        return 0 if parent is not None and parent.isValid() else len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the columns' titles."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section].title
        return self._alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401 (Qt's signature)
        """Return what a cell shows."""
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], self._columns[index.column()]
        if role == Qt.ItemDataRole.ForegroundRole:
            name = column.colour(row)
            return theme.token(name) if name else None
        if role == SORT_ROLE:
            return column.sort_key(row) if column.sort_key else column.text(row)
        # As functions: Qt asks for one role at a time, and only that one should be computed.
        values: dict[int, Callable[[], Any]] = {
            Qt.ItemDataRole.DisplayRole: lambda: column.text(row),
            Qt.ItemDataRole.ToolTipRole: lambda: column.tip(row) or None,
            Qt.ItemDataRole.TextAlignmentRole: lambda: self._alignment(index.column()),
            ROW_ROLE: lambda: row,
        }
        return values[role]() if role in values else None

    def _alignment(self, column: int) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if self._columns[column].is_number else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter


class NarrowingTable(OverrideGuard, QTableView):
    """Hides less important columns when it is narrow, so that a person need not scroll sideways.

    Its columns are as wide as their contents, or have given widths; the last one takes the rest.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dispensable: tuple[int, ...] = ()
        self._least_last = 0
        self._widths: tuple[int, ...] = ()
        self._wanted: list[int] = []

    def may_leave_out(self, columns: Sequence[int], least_last: int, widths: Sequence[int] = ()) -> None:
        """Hide these columns, in this order, before the last one gets less than ``least_last`` (px at 100 %).

        Set the model before. ``widths``: of all columns but the last (px at 100 %), if they do not depend on the
        contents.
        """
        self._dispensable, self._least_last, self._widths = tuple(columns), least_last, tuple(widths)
        last = self.model().columnCount() - 1
        header = self.horizontalHeader()
        header.setSectionResizeMode(last, QHeaderView.ResizeMode.Stretch)  # however long its texts are
        # Together with the mode above, Qt's own stretching would keep the last column at its default width.
        header.setStretchLastSection(False)
        self.model().modelReset.connect(self._measure)
        self.model().dataChanged.connect(self._measure)
        theme.signals().changed.connect(self._measure)
        self._measure()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out what does not fit any more, and bring back what does."""
        super().resizeEvent(event)
        self._fit()

    def _measure(self) -> None:
        """Ask every column how wide it wants to be; a hidden one gives no width."""
        if self._widths:
            self._wanted = [theme.px(width) for width in self._widths]
            self._fit()
            return
        header = self.horizontalHeader()
        # Hidden columns report no width.
        for column in self._dispensable:
            self.setColumnHidden(column, False)
        columns = range(self.model().columnCount() - 1)
        self._wanted = [max(self.sizeHintForColumn(each), header.sectionSizeHint(each)) for each in columns]
        self._fit()

    def _fit(self) -> None:
        room = self.viewport().width() - theme.px(self._least_last)
        needed = sum(self._wanted)
        for column in self._dispensable:
            self.setColumnHidden(column, needed > room)
            # Only what is hidden makes room.
            needed -= self._wanted[column] if needed > room else 0


class RowsTable(NarrowingTable):
    """A quiet table over a ``RowsModel``, sorted by a click on a heading; remembers what is chosen by its key."""

    def __init__(self, model: RowsModel[Any], name: str, proxy: QSortFilterProxyModel | None = None) -> None:
        super().__init__()
        self._source = model
        self._proxy = proxy or QSortFilterProxyModel(self)
        self._proxy.setSourceModel(model)
        # By value: as text, 10 would come before 9.
        self._proxy.setSortRole(SORT_ROLE)
        self._proxy.setDynamicSortFilter(True)
        self.setModel(self._proxy)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSortingEnabled(True)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        # Qt would measure a thousand rows for each change; the first ones are enough for a width.
        header.setResizeContentsPrecision(50)
        header.setStretchLastSection(not model.last_is_number)
        # Unsorted at first: the records come in a sensible order.
        self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        theme.signals().changed.connect(self._restyle)
        self._restyle()

    def chosen(self) -> list[Any]:
        """Return the selected records, from the top."""
        indexes = sorted(self.selectionModel().selectedRows(), key=_row)
        return [index.data(ROW_ROLE) for index in indexes]

    def current(self) -> Any | None:  # noqa: ANN401 (a record of the model)
        """Return the record of the row with the keyboard focus; None if there is none."""
        index = self.currentIndex()
        return index.data(ROW_ROLE) if index.isValid() else None

    def choose(self, wanted: Callable[[Any], bool]) -> bool:
        """Select the first row whose record is wanted; return whether there is one."""
        for row in range(self._proxy.rowCount()):
            if wanted(self._proxy.index(row, 0).data(ROW_ROLE)):
                self.selectRow(row)
                return True
        return False

    def _restyle(self) -> None:
        self.verticalHeader().setDefaultSectionSize(theme.px(_ROW_HEIGHT))
        self.viewport().update()


def _row(index: QModelIndex) -> int:
    return index.row()
