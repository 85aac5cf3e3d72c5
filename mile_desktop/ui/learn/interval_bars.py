"""Before and after as two bars with their intervals."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from mile_desktop.learning.progress import Compared
from mile_desktop.ui import theme

_ROW = 34


class IntervalBars(QWidget):
    """Success from 0 to 100 %: a bar for the rate, a whisker for the interval."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[tuple[str, float, tuple[float, float], str], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.signals().changed.connect(self._restyle)

    def show_comparison(self, compared: Compared, before: str, after: str) -> None:
        """Draw ``compared``; the names of the policies stand beside the bars."""
        count = max(1, compared.episodes)
        self._rows = (
            (before, compared.before_successes / count, compared.before_interval, "secondary"),
            (after, compared.after_successes / count, compared.after_interval, "policy"),
        )
        words = (f"{name}: {rate:.0%}, {low:.0%} to {high:.0%}" for name, rate, (low, high), _ in self._rows)
        self.setAccessibleName("; ".join(words))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 – Qt's name
        """Return room for two bars and the scale."""
        return QSize(theme.px(240), theme.px(2 * _ROW + 20))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002 – Qt's name and signature
        """Paint bars, intervals, figures and the scale."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
        painter.setFont(theme.font("secondary"))
        names = max((painter.fontMetrics().horizontalAdvance(row[0]) for row in self._rows), default=0)
        left = min(names + theme.px(4), self.width() // 3) + theme.px(8)
        area = QRectF(left, 0, self.width() - left - theme.px(44), theme.px(2 * _ROW))
        self._paint_scale(painter, area)
        for index, row in enumerate(self._rows):
            self._paint_row(painter, area, theme.px(_ROW) * index, row)
        painter.end()

    def _paint_scale(self, painter: QPainter, area: QRectF) -> None:
        for share in (0.0, 0.5, 1.0):
            x = area.left() + share * area.width()
            painter.setPen(theme.pen("line", 1.0))
            painter.drawLine(QPointF(x, 0), QPointF(x, area.height()))
            painter.setPen(theme.token("secondary"))
            box = QRectF(x - theme.px(24), area.height() + theme.px(2), theme.px(48), theme.px(16))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{round(100 * share)} %")

    def _paint_row(
        self, painter: QPainter, area: QRectF, top: float, row: tuple[str, float, tuple[float, float], str]
    ) -> None:
        name, rate, (low, high), colour = row
        middle = top + theme.px(_ROW) / 2
        painter.setPen(theme.token("text"))
        box = QRectF(0, top, area.left() - theme.px(8), theme.px(_ROW))
        text = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, round(box.width()))
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        bar = QRectF(area.left(), middle - theme.px(7), area.width() * rate, theme.px(14))
        painter.fillRect(bar, theme.brush(colour, 0.55))
        painter.setPen(theme.pen("text", 1.5))
        start, end = area.left() + low * area.width(), area.left() + high * area.width()
        painter.drawLine(QPointF(start, middle), QPointF(end, middle))
        for x in (start, end):
            painter.drawLine(QPointF(x, middle - theme.px(4)), QPointF(x, middle + theme.px(4)))
        painter.setFont(theme.font("body", bold=True))
        figure = QRectF(area.right() + theme.px(4), top, theme.px(42), theme.px(_ROW))
        painter.drawText(figure, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, f"{round(100 * rate)} %")
        painter.setFont(theme.font("secondary"))

    def _restyle(self) -> None:
        self.updateGeometry()
        self.update()
