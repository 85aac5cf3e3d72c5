"""Qt's model of the table of episodes: reads rows in batches, so that thousands of episodes open at once."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from mile_desktop.storage.browse import Column, EpisodeRow
from mile_desktop.storage.records import PARTIAL
from mile_desktop.ui.inspect.episode_filters import OUTCOME_MARKS
from mile_desktop.ui.plots.table import Table
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard

Index = QModelIndex | QPersistentModelIndex
Fetch = Callable[[Sequence[str]], Mapping[str, EpisodeRow]]

COLUMNS: tuple[tuple[Column, str, str], ...] = (
    ("started_at", "Recorded", "When it began, local time"),
    ("scene", "Scene", "The task"),
    ("policy", "Policy", "The policy that drove"),
    ("operator", "Operator", "Who operated, and the device that took over or could have"),
    ("outcome", "Outcome", "Result, as recorded or relabelled"),
    ("steps", "Length", "Steps that are not trimmed"),
    ("takeovers", "Takeovers", "How often the operator took over"),
    ("mean_p", "Mean p", "Mean probability of an intervention, as shown"),
    (
        "false_alarms",
        "False alarms",
        "Alarms in a success that no takeover followed within ten steps, at your threshold",
    ),
    ("misses", "Misses", "Takeovers that no alarm announced, at your threshold"),
    ("brier", "Brier", "Prediction score: mean squared difference between p as shown and what happened; 0 is best"),
    ("tags", "Tags", "Your tags"),
    ("note", "Note", "Your note"),
)
"""Name for sorting, title, tooltip."""
NAMES: tuple[Column, ...] = tuple(name for name, _, _ in COLUMNS)
ROW_ROLE = Qt.ItemDataRole.UserRole
"""The row's ``EpisodeRow``."""
_OUTCOME_COLOURS = {
    "success": "success",
    PARTIAL: "warning",
    "failure": "failure",
    "time limit": "warning",
    "aborted": "secondary",
    "unknown": "secondary",
}
_FIGURES = frozenset({"steps", "takeovers", "mean_p", "false_alarms", "misses", "brier"})
_BATCH = 128
"""Rows read together: one query for a screen of rows, and the next screen is often in it."""
_MOST_ROWS = 4096
"""Rows kept in memory; beyond that all are dropped and read again when they are shown."""
_UNKNOWN = "…"


class EpisodesModel(OverrideGuard, QAbstractTableModel):
    """Knows the ids of all rows, and reads a row only when Qt asks for it, ``_BATCH`` together. Window's thread only.

    The order and the filter are the database's: it returns ids, which are cheap, and the model never sorts.
    """

    sort_requested = Signal(str, bool)
    """A column of ``storage.browse.Column``, and whether the largest value comes first."""

    def __init__(self, fetch: Fetch, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._fetch = fetch
        self._ids: tuple[str, ...] = ()
        self._row_numbers: dict[str, int] = {}
        self._rows: dict[str, EpisodeRow | None] = {}

    @property
    def ids(self) -> tuple[str, ...]:
        """Every episode of the table, in its order."""
        return self._ids

    def show_episodes(self, ids: Sequence[str]) -> None:
        """Show these episodes."""
        self.beginResetModel()
        self._ids = tuple(ids)
        self._row_numbers = {each: row for row, each in enumerate(self._ids)}
        self._rows.clear()
        self.endResetModel()

    def reread(self) -> None:
        """Read the visible rows again; ids and order stay."""
        self._rows.clear()
        if self._ids:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._ids) - 1, len(COLUMNS) - 1))

    def row_of(self, episode_id: str) -> int:
        """Return the row of an episode, −1 if it is not in the table."""
        return self._row_numbers.get(episode_id, -1)

    def episode_at(self, row: int) -> EpisodeRow | None:
        """Return the content of a row; None where the episode does not exist any more."""
        wanted = self._ids[row]
        if wanted not in self._rows:
            self._read_around(row)
        return self._rows[wanted]

    def as_table(self, ids: Sequence[str]) -> Table:
        """Return these episodes with their ids, with plain numbers for a spreadsheet."""
        # Not from the rows in memory: the selection may be larger than what has been scrolled through.
        found = self._fetch(ids)
        columns = ("episode", *NAMES, "operator_name")
        values = (
            (row.episode_id, *(_plain(getattr(row, name)) for name in NAMES), row.operator_name)
            for each in ids
            if (row := found.get(each)) is not None
        )
        return Table(columns, tuple(values))

    def _read_around(self, row: int) -> None:
        # Simpler than to keep the newest ones, and rows are cheap to read again.
        if len(self._rows) > _MOST_ROWS:
            self._rows.clear()
        # aligned to batches: scrolling by one row never reads a row twice
        first = row // _BATCH * _BATCH
        wanted = self._ids[first : first + _BATCH]
        found = self._fetch(wanted)
        # missing episodes are remembered as None, or every repaint would ask for them again
        self._rows |= {each: found.get(each) for each in wanted}

    # ── Qt's interface ───────────────────────────────────────────────────────────────────────────────────────────

    def rowCount(self, parent: Index | None = None) -> int:
        """Return how many episodes there are."""
        return 0 if parent is not None and parent.isValid() else len(self._ids)

    def columnCount(self, parent: Index | None = None) -> int:
        """Return how many columns there are."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401 (Qt's signature)
        """Return the columns' titles and what they mean."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section][1]
        if role == Qt.ItemDataRole.ToolTipRole:
            return COLUMNS[section][2]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(NAMES[section])
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401 (Qt's signature)
        """Return what a cell shows."""
        if role not in _ANSWERED or not index.isValid():
            return None
        name, row = NAMES[index.column()], self.episode_at(index.row())
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(name)
        if row is None:
            return "deleted" if role == Qt.ItemDataRole.DisplayRole and index.column() == 0 else None
        return _SHOWN[role](row, name)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Request another order; the database sorts."""
        if 0 <= column < len(COLUMNS):
            self.sort_requested.emit(NAMES[column], order is Qt.SortOrder.DescendingOrder)


def table_time(utc: str) -> str:
    """Return a time as ``2026-03-01 14:25``, local time; text that is no date is returned unchanged.

    Digits in columns below one another can be compared at a glance; ``widgets.dates.local_time`` is for single dates.
    """
    try:
        return datetime.fromisoformat(utc).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return utc


def _plain(value: object) -> object:
    """Return a value as a spreadsheet takes it."""
    if isinstance(value, tuple):
        return "; ".join(value)
    return "" if value is None else value


def _alignment(name: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if name in _FIGURES else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _text(row: EpisodeRow, name: Column) -> str:
    match name:
        case "started_at":
            return table_time(row.started_at)
        case "operator" | "tags":
            parts = row.tags if name == "tags" else (row.operator_name, row.operator)
            return " · ".join(filter(None, parts))
        case "outcome":
            return f"{OUTCOME_MARKS.get(row.outcome, '')} {row.outcome}" + (" ✎" if row.edits else "")
        case "false_alarms" | "misses" if row.threshold is None:
            # Nobody watched a generated episode, so nothing will ever be computed.
            return "" if row.generated else _UNKNOWN
        case "mean_p" | "brier":
            value = getattr(row, name)
            return "" if value is None else f"{value:.2f}"
        case _:
            return str(getattr(row, name))


def _tooltip(row: EpisodeRow, name: Column) -> str | None:
    alarm_tip = (
        ""
        if row.generated
        else "not computed yet"
        if row.threshold is None
        else f"at a threshold of {row.threshold:.2f}"
    )
    outcome = [row.outcome, "edited" if row.edits else "", "recovered after a crash" if row.recovered else ""]
    tips: dict[Column, str] = {
        "steps": f"{row.steps / row.rate_hz:.1f} s at {row.rate_hz:g} steps a second",
        "takeovers": f"{row.human_steps} of {row.steps} steps",
        "started_at": f"{'generated, ' if row.generated else ''}{row.episode_id} · seed {row.seed}",
        "outcome": ", ".join(part for part in outcome if part),
        "false_alarms": alarm_tip,
        "misses": alarm_tip,
        "policy": row.policy_id,
        "operator": f"{row.operator_name or 'no name'}, {row.operator}",
        "tags": ", ".join(row.tags),
        "note": row.note,
    }
    return tips.get(name) or None


def _mark(row: EpisodeRow, name: Column) -> object:
    """Mark generated episodes by the icon that the button *Generate data* has."""
    return theme.icon("mdi6.robot-outline", "policy") if row.generated and name == "started_at" else None


def _colour(row: EpisodeRow, name: Column) -> object:
    if name == "outcome":
        return theme.token(_OUTCOME_COLOURS.get(row.outcome, "text"))
    if name in {"note", "tags", "started_at"}:
        return theme.token("secondary")
    return None


_SHOWN: dict[int, Callable[[EpisodeRow, Column], object]] = {
    Qt.ItemDataRole.DisplayRole: _text,
    Qt.ItemDataRole.ToolTipRole: _tooltip,
    Qt.ItemDataRole.ForegroundRole: _colour,
    Qt.ItemDataRole.DecorationRole: _mark,
}
"""How each of Qt's roles is answered from a row."""
_ANSWERED = frozenset({*_SHOWN, ROW_ROLE, Qt.ItemDataRole.TextAlignmentRole})
"""Qt asks for seven roles a cell. The others return at once, or each would look up the row."""
