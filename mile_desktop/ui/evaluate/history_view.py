"""The table of all stored evaluations of a scene."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QSortFilterProxyModel, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from mile_desktop.ui.evaluate.model import PastEvaluation
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.dates import local_time
from mile_desktop.ui.widgets.override_guard import OverrideGuard
from mile_desktop.ui.widgets.policy_results import rate_text
from mile_desktop.ui.widgets.tables import ROW_ROLE, Column, RowsModel, RowsTable


def _rate_order(each: PastEvaluation) -> float:
    rate = each.tally.rate
    return -1.0 if rate is None else rate


def _mean(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


COLUMNS: tuple[Column[PastEvaluation], ...] = (
    Column("When", lambda each: local_time(each.record.created_at), lambda each: each.record.created_at),
    Column("Policy", lambda each: each.policy, tip=lambda each: each.record.policy_id),
    Column("Episodes", lambda each: f"{each.tally.planned}", lambda each: each.tally.planned, is_number=True),
    Column("Success [95 %]", lambda each: rate_text(each.tally), _rate_order, is_number=True),
    Column("Errors", lambda each: f"{each.record.crashes}", lambda each: each.record.crashes, is_number=True),
    Column("Mean return", lambda each: _mean(each.record.mean_return, ".4g"), is_number=True),
    Column("Mean steps", lambda each: _mean(each.record.mean_steps, ".0f"), is_number=True),
    Column("Seeds", lambda each: each.seeds_text),
)


_HIDDEN_FIRST = (6, 5, 4, 2)
"""Columns to hide in a narrow table: mean steps, mean return, errors, episodes. The results table has them, too."""
_SEEDS_WIDTH = 152


class HistoryFilter(OverrideGuard, QSortFilterProxyModel):
    """Shows evaluations of one policy with a text in one of their cells."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._policy = ""
        self._text = ""

    def show_only(self, policy_id: str, text: str) -> None:
        """Show only these; empty: all."""
        self.beginFilterChange()
        self._policy, self._text = policy_id, text.casefold()
        self.endFilterChange()

    def filterAcceptsRow(self, source_row: int, source_parent: QModelIndex | QPersistentModelIndex) -> bool:
        """Return whether a row is shown."""
        each: PastEvaluation = self.sourceModel().index(source_row, 0, source_parent).data(ROW_ROLE)
        if self._policy not in {"", each.record.policy_id}:
            return False
        # What a person types is what they see in a cell, not what is stored.
        return any(self._text in column.text(each).casefold() for column in COLUMNS)


class HistoryView(QWidget):
    """A table with filters; selected evaluations can be shown like one that has just ended. Window's thread only."""

    show_requested = Signal(object)
    """A tuple of ``EvaluationRecord``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = RowsModel(COLUMNS, lambda each: each.record.evaluation_id, self)
        self._filter = HistoryFilter(self)
        self.table = RowsTable(self._model, "Earlier evaluations", self._filter)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._policy = QComboBox()
        self._policy.setAccessibleName("Evaluations of")
        self._policy.addItem("All policies", "")
        self._text = QLineEdit()
        self._text.setPlaceholderText("Filter by any text")
        self._text.setAccessibleName("Filter by any text")
        self._text.setClearButtonEnabled(True)
        self._count = QLabel()
        theme.set_role(self._count, "secondary")
        self._show = QPushButton("Show selected together")
        theme.set_icon(self._show, "mdi6.chart-box-outline")
        self.table.may_leave_out(_HIDDEN_FIRST, _SEEDS_WIDTH)
        self._lay_out()
        self._policy.currentIndexChanged.connect(self._apply_filter)
        self._text.textChanged.connect(self._apply_filter)
        self.table.activated.connect(self._request_show)
        self.table.selectionModel().selectionChanged.connect(self._refresh)
        self._show.clicked.connect(self._request_show)
        self._refresh()

    def show_evaluations(self, past: Sequence[PastEvaluation]) -> None:
        """Show these, newest first."""
        self._model.show_rows(sorted(past, key=_when, reverse=True))
        chosen = self._policy.currentData()
        # Filling the list would apply the filter once for each entry.
        self._policy.blockSignals(True)
        self._policy.clear()
        self._policy.addItem("All policies", "")
        for policy_id, name in dict.fromkeys((each.record.policy_id, each.policy) for each in past):
            self._policy.addItem(name, policy_id)
        self._policy.setCurrentIndex(max(0, self._policy.findData(chosen)))
        self._policy.blockSignals(False)
        self._apply_filter()

    def show_only(self, policy_id: str) -> None:
        """Show the evaluations of one policy."""
        self._policy.setCurrentIndex(max(0, self._policy.findData(policy_id)))

    def _lay_out(self) -> None:
        filters = QHBoxLayout()
        theme.space(filters, spacing=8)
        filters.addWidget(self._policy)
        filters.addWidget(self._text, 1)
        filters.addWidget(self._count)
        buttons = QHBoxLayout()
        theme.space(buttons, spacing=8)
        buttons.addWidget(self._show)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        theme.space(column, (8, 8, 8, 8), 8)
        column.addLayout(filters)
        column.addWidget(self.table, 1)
        column.addLayout(buttons)

    def _apply_filter(self) -> None:
        self._filter.show_only(str(self._policy.currentData() or ""), self._text.text().strip())
        self._refresh()

    def _refresh(self) -> None:
        shown, total = self._filter.rowCount(), len(self._model.rows)
        self._count.setText(f"{shown} evaluations" if shown == total else f"{shown} of {total} evaluations")
        self._show.setEnabled(bool(self.table.selectionModel().selectedRows()))

    def _request_show(self) -> None:
        records = tuple(each.record for each in self.table.chosen())
        if records:
            self.show_requested.emit(records)


def _when(each: PastEvaluation) -> str:
    return each.record.created_at
