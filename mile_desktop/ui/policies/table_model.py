"""Qt's model of the table of policies."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from mile_desktop.ui.policies.lane_model import LaneRow, lane_rows
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.dates import local_time
from mile_desktop.ui.widgets.override_guard import OverrideGuard
from mile_desktop.ui.widgets.policy_entry import PolicyEntry

Index = QModelIndex | QPersistentModelIndex
ENTRY_ROLE = Qt.ItemDataRole.UserRole
"""The row's ``PolicyEntry``."""
LANE_ROLE = Qt.ItemDataRole.UserRole + 1
"""The row's ``LaneRow``."""
COLUMNS = ("Lineage", "Policy", "", "Success", "Method", "From", "Learned from", "Created", "Note")
LINEAGE, NAME, STATE, SUCCESS, METHOD, PARENT, DATA, CREATED, NOTE = range(len(COLUMNS))
_HEADING_TIPS = {SUCCESS: "On fixed seeds, with the 95 % interval", DATA: "Episodes it was trained with"}


class PoliciesModel(OverrideGuard, QAbstractTableModel):
    """Shows ``PolicyEntry`` rows; a typed name or note is requested by a signal, and shown once it is stored."""

    note_edited = Signal(str, str)
    """Policy id and its new note."""
    renamed = Signal(str, str)
    """Policy id and its new name."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: tuple[PolicyEntry, ...] = ()
        self._lanes: tuple[LaneRow, ...] = ()
        self._current = ""

    @property
    def entries(self) -> tuple[PolicyEntry, ...]:
        """The rows."""
        return self._entries

    @property
    def lanes(self) -> tuple[LaneRow, ...]:
        """The lines of the lineage, one entry for each row."""
        return self._lanes

    def show_policies(
        self, entries: Sequence[PolicyEntry], current: str, parents: Mapping[str, str | None] | None = None
    ) -> None:
        """Show ``entries``; ``current``: id of the policy in use; ``parents``: also of policies that are not shown."""
        self.beginResetModel()
        self._entries, self._current = tuple(entries), current
        # Without hidden ancestors only the listed policies can be connected.
        known = parents if parents is not None else {entry.policy_id: entry.parent_id for entry in entries}
        self._lanes = lane_rows([entry.policy_id for entry in entries], known)
        self.endResetModel()

    def row_of(self, policy_id: str) -> int:
        """Return the row of a policy, −1 if it is not listed."""
        return next((row for row, entry in enumerate(self._entries) if entry.policy_id == policy_id), -1)

    def rowCount(self, parent: Index | None = None) -> int:
        """Return how many policies there are."""
        return 0 if parent is not None and parent.isValid() else len(self._entries)

    def columnCount(self, parent: Index | None = None) -> int:
        """Return how many columns there are."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> str | None:
        """Return the columns' titles."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return _HEADING_TIPS.get(section)
        return COLUMNS[section] if role == Qt.ItemDataRole.DisplayRole else None

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
            return _colour(entry, index.column())
        return {ENTRY_ROLE: entry, LANE_ROLE: self._lanes[index.row()]}.get(role)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return what can be done with a cell."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() in {NAME, NOTE} else flags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: ANN401
        """Request another name or note."""
        # Nothing is stored here. If the catalogue refuses the change, the table still shows the old text.
        entry, typed = self._entries[index.row()], str(value).strip()
        if role != Qt.ItemDataRole.EditRole or typed == _texts(entry, is_current=False)[index.column()]:
            return False
        if index.column() == NOTE:
            self.note_edited.emit(entry.policy_id, typed)
        elif index.column() == NAME:
            self.renamed.emit(entry.policy_id, typed)
        return index.column() in {NAME, NOTE}


def _texts(entry: PolicyEntry, *, is_current: bool) -> tuple[str, ...]:
    return (
        # Lineage: its delegate paints the lines.
        "",
        entry.name,
        "▶ in use" if is_current else "archived" if entry.archived else "",
        entry.success_text,
        entry.method,
        entry.parent_name or "–",
        f"{entry.episodes} episodes" if entry.episodes else "–",
        local_time(entry.created_at),
        entry.note,
    )


def _tooltip(entry: PolicyEntry, column: int, *, is_current: bool) -> str:
    if column == SUCCESS and entry.rate is not None:
        return f"{entry.successes} of {entry.evaluated} episodes on fixed seeds; the bar is the 95 % interval"
    if column == SUCCESS:
        return "Not evaluated yet. Retraining evaluates the new policy and its parent"
    if column == NOTE:
        return entry.note or "Double-click to write a note"
    if column == DATA and entry.steps:
        return f"{entry.episodes} episodes; {entry.steps} of their steps are in this workspace"
    return f"{entry.label} · {entry.policy_id}{' · in use' if is_current else ''}"


def _colour(entry: PolicyEntry, column: int) -> object:
    if entry.archived:
        return theme.token("disabled")
    if column == STATE:
        return theme.token("policy")
    return theme.token("secondary") if column in {PARENT, DATA, CREATED} else None
