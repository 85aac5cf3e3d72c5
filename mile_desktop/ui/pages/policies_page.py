"""The Policies page: every policy with what it learned from and how it does; use one, go back, write a note."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QStackedWidget,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from mile_desktop.ui import theme
from mile_desktop.ui.pages.page_frame import EmptyState, PageFrame
from mile_desktop.ui.pages.policies_model import ENTRY_ROLE, NOTE, SUCCESS, Index, PoliciesModel
from mile_desktop.ui.policy_entry import PolicyEntry

_ROW_HEIGHT = 40
_TEXT_WIDTH, _BAR_WIDTH = 104, 96


class PoliciesPage(PageFrame):
    """A table and three buttons; asks by signals, changes nothing itself."""

    promote_requested = Signal(str)
    """Id of the policy that is to drive from the next episode on."""
    roll_back_requested = Signal(str)
    """Id of the policy that drove before."""
    note_changed = Signal(str, str)
    """Policy id and its new note."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "Policies",
            "Every policy of this scene, newest first. A promoted one drives from the next episode on.",
            parent,
        )
        self._current = ""
        self._previous = ""
        self._model = PoliciesModel(self)
        self._model.note_edited.connect(self.note_changed)
        self._table = self._make_table()
        self._use = _button("Use from the next episode", "mdi6.play", "on_accent", "primary")
        self._back = _button("Roll back", "mdi6.undo-variant", "text", "")
        self._note = _button("Write a note", "mdi6.pencil-outline", "text", "")
        self._views = QStackedWidget()
        self._lay_out()
        self.show_policies((), "")

    def show_policies(self, entries: Sequence[PolicyEntry], current: str, previous: str = "") -> None:
        """Show ``entries``; ``current`` drives and ``previous`` drove before it (ids)."""
        chosen = self._chosen()
        self._current, self._previous = current, previous
        self._model.show_policies(entries, current)
        self._views.setCurrentIndex(0 if entries else 1)
        row = self._model.row_of(chosen.policy_id if chosen else current)
        if row >= 0:
            self._table.selectRow(row)
        self._refresh_buttons()

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self._model)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.setItemDelegateForColumn(SUCCESS, SuccessDelegate(table))
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(NOTE, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        table.selectionModel().selectionChanged.connect(self._refresh_buttons)
        table.doubleClicked.connect(self._double_clicked)
        theme.signals().changed.connect(self._restyle)
        return table

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        theme.space(buttons, spacing=8)
        for button in (self._use, self._back, self._note):
            buttons.addWidget(button)
        buttons.addStretch(1)
        full = QWidget()
        column = QVBoxLayout(full)
        theme.space(column, spacing=16)
        column.addWidget(self._table, 1)
        column.addLayout(buttons)
        self._views.addWidget(full)
        self._views.addWidget(
            EmptyState(
                "mdi6.source-branch",
                "No policies yet",
                "Load a scene: its bundled policy appears here, and every retraining adds one.",
            )
        )
        self.body.addWidget(self._views, 1)
        self._use.clicked.connect(self._promote)
        self._back.clicked.connect(self._roll_back)
        self._note.clicked.connect(self._edit_note)
        self._restyle()

    def _restyle(self) -> None:
        self._table.verticalHeader().setDefaultSectionSize(theme.px(_ROW_HEIGHT))
        self._table.viewport().update()

    def _chosen(self) -> PolicyEntry | None:
        row = self._table.currentIndex().row()
        return self._model.entries[row] if 0 <= row < len(self._model.entries) else None

    def _refresh_buttons(self) -> None:
        chosen = self._chosen()
        self._use.setEnabled(chosen is not None and chosen.policy_id != self._current)
        self._note.setEnabled(chosen is not None)
        row = self._model.row_of(self._previous) if self._previous != self._current else -1
        self._back.setEnabled(row >= 0)
        self._back.setText(f"Roll back to {self._model.entries[row].name}" if row >= 0 else "Roll back")

    def _promote(self) -> None:
        chosen = self._chosen()
        if chosen is not None and chosen.policy_id != self._current:
            self.promote_requested.emit(chosen.policy_id)

    def _roll_back(self) -> None:
        self.roll_back_requested.emit(self._previous)

    def _edit_note(self) -> None:
        self._table.edit(self._model.index(self._table.currentIndex().row(), NOTE))

    def _double_clicked(self, index: Index) -> None:
        if index.column() != NOTE:
            self._promote()


class SuccessDelegate(QStyledItemDelegate):
    """The success rate in words, and its interval as a bar from 0 to 100 %."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 (Qt's name)
        """Return room for the words and the bar."""
        hint = super().sizeHint(option, index)
        return QSize(theme.px(_TEXT_WIDTH + _BAR_WIDTH + 32), hint.height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint the words by the style, the bar over them."""
        super().paint(painter, option, index)
        entry: PolicyEntry = index.data(ENTRY_ROLE)
        rate, interval = entry.rate, entry.interval
        if rate is None or interval is None:
            return
        cell = QRectF(option.rect)
        left, width = cell.left() + theme.px(_TEXT_WIDTH + 16), theme.px(_BAR_WIDTH)
        middle, thick = cell.center().y(), theme.px(2)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.brush("line"))
        painter.drawRoundedRect(QRectF(left, middle - thick / 2, width, thick), 1, 1)
        painter.setBrush(theme.brush("success", 0.45))
        span = QRectF(left + interval[0] * width, middle - 2 * thick, (interval[1] - interval[0]) * width, 4 * thick)
        painter.drawRoundedRect(span, thick, thick)
        painter.setBrush(theme.brush("success"))
        painter.drawRect(QRectF(left + rate * width - thick / 2, middle - 3 * thick, thick, 6 * thick))
        painter.restore()


def _button(text: str, icon: str, colour: str, role: str) -> QPushButton:
    button = QPushButton(text)
    theme.set_icon(button, icon, colour)
    theme.set_role(button, role)
    return button
