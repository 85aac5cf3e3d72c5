"""The table of policies, with the lineage and the success intervals painted in its cells."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from mile_desktop.ui.policies.lane_model import LaneRow
from mile_desktop.ui.policies.table_model import (
    CREATED,
    DATA,
    ENTRY_ROLE,
    LANE_ROLE,
    LINEAGE,
    METHOD,
    PARENT,
    SUCCESS,
    Index,
    PoliciesModel,
)
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard
from mile_desktop.ui.widgets.policy_entry import PolicyEntry
from mile_desktop.ui.widgets.tables import NarrowingTable

_ROW_HEIGHT = 40
# Less would show no word of a note.
_LEAST_NOTE = 96
_HIDDEN_FIRST = (PARENT, CREATED, DATA, METHOD)
"""Columns to hide in a narrow table: the panel beside it shows the same facts."""
_TEXT_WIDTH, _BAR_WIDTH, _GAP = 100, 60, 12
_LANE_WIDTH, _DOT = 16, 4
# More would leave no room for names; further lanes share the last place.
_MOST_LANES = 8


class PoliciesTable(NarrowingTable):
    """One row for each policy; a double click edits names and notes."""

    def __init__(self, model: PoliciesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setAccessibleName("Policies")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        self.setShowGrid(False)
        self.setWordWrap(False)
        # Tab leaves the table, so that the buttons below can be reached with the keyboard.
        self.setTabKeyNavigation(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.verticalHeader().hide()
        self.setItemDelegateForColumn(LINEAGE, LineageDelegate(self))
        self.setItemDelegateForColumn(SUCCESS, SuccessDelegate(self))
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setHighlightSections(False)
        theme.signals().changed.connect(self._restyle)
        self._restyle()
        self.may_leave_out(_HIDDEN_FIRST, _LEAST_NOTE)

    def _restyle(self) -> None:
        self.verticalHeader().setDefaultSectionSize(theme.px(_ROW_HEIGHT))
        self.viewport().update()


class LineageDelegate(OverrideGuard, QStyledItemDelegate):
    """Paints a dot for each policy, with lines to its children above and its parent below."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the width of all lanes."""
        model = index.model()
        lanes = model.lanes if isinstance(model, PoliciesModel) else ()
        used = 1 + max((max((row.lane, *row.passing, *row.from_above)) for row in lanes), default=0)
        return QSize(theme.px(_LANE_WIDTH * (min(used, _MOST_LANES) + 1)), super().sizeHint(option, index).height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint the style's background, and the lines over it."""
        super().paint(painter, option, index)
        row: LaneRow = index.data(LANE_ROLE)
        entry: PolicyEntry = index.data(ENTRY_ROLE)
        cell = QRectF(option.rect)
        painter.save()  # Qt uses the same painter for the next cells
        painter.setClipRect(cell)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.pen("secondary", 1.5))
        for lane in row.passing:
            # One pixel more: a gap would show between two rows.
            painter.drawLine(QPointF(_x(cell, lane), cell.top()), QPointF(_x(cell, lane), cell.bottom() + 1))
        dot = QPointF(_x(cell, row.lane), cell.center().y())
        for lane in row.from_above:
            painter.drawPath(_lane_curve(QPointF(_x(cell, lane), cell.top()), dot))
        if row.to_below:
            painter.drawLine(dot, QPointF(dot.x(), cell.bottom() + 1))
        colour = "disabled" if entry.archived else "policy"
        painter.setPen(theme.pen(colour, 1.5))
        painter.setBrush(theme.brush("panel" if entry.archived else colour))
        painter.drawEllipse(dot, theme.px(_DOT), theme.px(_DOT))
        painter.restore()


class SuccessDelegate(OverrideGuard, QStyledItemDelegate):
    """Paints the success rate as text, and its interval as a bar from 0 to 100 %."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the width of text and bar."""
        hint = super().sizeHint(option, index)
        return QSize(theme.px(_TEXT_WIDTH + _BAR_WIDTH + 2 * _GAP), hint.height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint the style's text, and the bar beside it."""
        super().paint(painter, option, index)
        entry: PolicyEntry = index.data(ENTRY_ROLE)
        rate, interval = entry.rate, entry.interval
        if rate is None or interval is None:
            return
        cell = QRectF(option.rect)
        left, width = cell.left() + theme.px(_TEXT_WIDTH + _GAP), theme.px(_BAR_WIDTH)
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


def _x(cell: QRectF, lane: int) -> float:
    return cell.left() + theme.px(_LANE_WIDTH) * (min(lane, _MOST_LANES - 1) + 1)


def _lane_curve(above: QPointF, dot: QPointF) -> QPainterPath:
    """Return the curve from the top of a row to its dot; straight if both are in the same lane."""
    path = QPainterPath(above)
    path.cubicTo(QPointF(above.x(), dot.y()), QPointF(above.x(), dot.y()), dot)
    return path
