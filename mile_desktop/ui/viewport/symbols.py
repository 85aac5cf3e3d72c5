"""The shapes beside the phase colours, painted because fonts draw such characters differently or not at all."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF


def paint_symbol(painter: QPainter, name: str, box: QRectF, colour: QColor) -> None:
    """Paint the shape ``name`` (see ``PhaseStyle.symbol``) into the square ``box``."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    _PAINT[name](painter, box)
    painter.restore()


def _play(painter: QPainter, box: QRectF) -> None:
    middle = QPointF(box.right(), box.center().y())
    painter.drawPolygon(QPolygonF([box.topLeft(), middle, box.bottomLeft()]))


def _pause(painter: QPainter, box: QRectF) -> None:
    bar = box.width() * 0.34
    painter.drawRect(QRectF(box.left(), box.top(), bar, box.height()))
    painter.drawRect(QRectF(box.right() - bar, box.top(), bar, box.height()))


def _square(painter: QPainter, box: QRectF) -> None:
    painter.drawRect(box)


def _circle(painter: QPainter, box: QRectF) -> None:
    painter.drawEllipse(box)


def _cycle(painter: QPainter, box: QRectF) -> None:
    painter.setPen(QPen(painter.brush(), box.width() * 0.2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawArc(box.adjusted(1, 1, -1, -1), 60 * 16, 280 * 16)  # Qt counts angles in sixteenths of a degree


def _exclamation(painter: QPainter, box: QRectF) -> None:
    width = box.width() * 0.28
    left = box.center().x() - width / 2
    painter.drawRoundedRect(QRectF(left, box.top(), width, box.height() * 0.62), width / 2, width / 2)
    painter.drawEllipse(QRectF(left, box.bottom() - width, width, width))


def _hand(painter: QPainter, box: QRectF) -> None:
    w, h = box.width(), box.height()
    path = QPainterPath()
    # Four fingers, palm and thumb overlap; the winding rule fills the overlaps, the default one would leave holes.
    path.setFillRule(Qt.FillRule.WindingFill)
    for column, top in enumerate((0.2, 0.02, 0.0, 0.12)):
        finger = QRectF(box.left() + w * (0.24 + 0.19 * column), box.top() + h * top, w * 0.16, h * 0.66)
        path.addRoundedRect(finger, w * 0.08, w * 0.08)
    path.addRoundedRect(QRectF(box.left() + w * 0.24, box.top() + h * 0.48, w * 0.73, h * 0.52), w * 0.2, w * 0.2)
    thumb = [(0.0, 0.52), (0.13, 0.46), (0.36, 0.72), (0.36, 0.95)]
    path.addPolygon(QPolygonF([QPointF(box.left() + w * x, box.top() + h * y) for x, y in thumb]))
    painter.drawPath(path)


_PAINT = {
    "play": _play,
    "pause": _pause,
    "square": _square,
    "circle": _circle,
    "cycle": _cycle,
    "exclamation": _exclamation,
    "hand": _hand,
}
