"""The policies of a scene as a table."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from mile_desktop.ui import theme
from mile_desktop.ui.dates import local_time
from mile_desktop.ui.policy_entry import PolicyEntry

Index = QModelIndex | QPersistentModelIndex
ENTRY_ROLE = Qt.ItemDataRole.UserRole
"""The row's ``PolicyEntry``."""
COLUMNS = ("", "Policy", "Method", "From", "Learned from", "Success on fixed seeds", "Made", "Note")
IN_USE, NAME, METHOD, PARENT, DATA, SUCCESS, MADE, NOTE = range(len(COLUMNS))


class PoliciesModel(QAbstractTableModel):
    """Shows ``PolicyEntry`` rows; only the note can be edited, and what is typed is passed on, not kept."""

    note_edited = Signal(str, str)
    """Policy id and its new note."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: tuple[PolicyEntry, ...] = ()
        self._current = ""

    @property
    def entries(self) -> tuple[PolicyEntry, ...]:
        """The rows."""
        return self._entries

    def show_policies(self, entries: Sequence[PolicyEntry], current: str) -> None:
        """Show ``entries``; ``current`` (an id) drives."""
        self.beginResetModel()
        self._entries, self._current = tuple(entries), current
        self.endResetModel()

    def row_of(self, policy_id: str) -> int:
        """Return the row of a policy, −1 if it is not there."""
        return next((row for row, entry in enumerate(self._entries) if entry.policy_id == policy_id), -1)

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802 (Qt's name)
        """Return how many policies there are."""
        return 0 if parent is not None and parent.isValid() else len(self._entries)

    def columnCount(self, parent: Index | None = None) -> int:  # noqa: N802 (Qt's name)
        """Return how many columns there are."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(  # noqa: N802 (Qt's name)
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> str | None:
        """Return the columns' titles."""
        shown = orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole
        return COLUMNS[section] if shown else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401 (Qt's signature)
        """Return what a cell shows."""
        if not index.isValid():
            return None
        entry = self._entries[index.row()]
        is_current = entry.policy_id == self._current
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole}:
            return _texts(entry, is_current=is_current)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tooltip(entry, index.column(), is_current=is_current)
        if role == Qt.ItemDataRole.FontRole and index.column() == NAME:
            return theme.font("body", bold=is_current)
        if role == Qt.ItemDataRole.ForegroundRole:
            return _colour(index.column())
        return entry if role == ENTRY_ROLE else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return what can be done with a cell."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == NOTE else flags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: ANN401, N802
        """Pass a typed note on."""
        entry = self._entries[index.row()]
        if index.column() != NOTE or role != Qt.ItemDataRole.EditRole or value == entry.note:
            return False
        self.note_edited.emit(entry.policy_id, str(value).strip())
        return True


def _texts(entry: PolicyEntry, *, is_current: bool) -> tuple[str, ...]:
    return (
        "▶ in use" if is_current else "",
        entry.name,
        entry.method,
        entry.parent_name or "shipped",
        f"{entry.episodes} episodes" if entry.episodes else "–",
        entry.success_text,
        local_time(entry.created_at),
        entry.note,
    )


def _tooltip(entry: PolicyEntry, column: int, *, is_current: bool) -> str:
    if column == SUCCESS and entry.rate is not None:
        return f"{entry.successes} of {entry.evaluated} fixed seeds; the bar is the 95 % interval"
    if column == SUCCESS:
        return "Not evaluated yet; retraining evaluates the new policy and the one before it"
    if column == NOTE:
        return "Double-click to write a note"
    return f"{entry.label} · {entry.policy_id}{' · drives now' if is_current else ''}"


def _colour(column: int) -> object:
    if column == IN_USE:
        return theme.token("policy")
    return theme.token("secondary") if column in {PARENT, DATA, MADE} else None
