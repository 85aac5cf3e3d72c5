"""Paints one picture among several: picture, name, and a note about what is wrong. Functions without state."""

from enum import Enum, auto

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport import overlay
from mile_desktop.ui.viewport.tile_hand import cross_rect
from mile_desktop.ui.viewport.tiles import Tile

_FADED = 0.55
_PAD = 12
_LINE = 18
_REACH = 8
"""Length of the lines that mark a corner."""


class TileRole(Enum):
    """The role of a picture in the layout."""

    LARGE = auto()
    SMALL = auto()
    CELL = auto()
    """One of a grid."""


def paint_tile(painter: QPainter, rect: QRectF, tile: Tile, role: TileRole) -> None:
    """Paint ``tile`` at ``rect``."""
    if tile.image.isNull():
        painter.fillRect(rect, theme.token("panel"))
    else:
        painter.drawImage(rect, tile.image)
    # Dimmed and not removed: the last picture still tells which camera it is.
    if tile.faded:
        painter.fillRect(rect, theme.token("ground", _FADED))
    paint_name(painter, rect, tile.title or tile.name, role, colour="warning" if tile.note else "line")
    if tile.note:
        _paint_note(painter, rect, tile.note, large=role is TileRole.LARGE)


def paint_handles(painter: QPainter, rect: QRectF) -> None:
    """Paint the cross and the corners of the small picture under the mouse."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(theme.pen("text", 2.0))
    reach = theme.px(_REACH)
    for x, inward in ((rect.left(), reach), (rect.right(), -reach)):
        for y, down in ((rect.top(), reach), (rect.bottom(), -reach)):
            if (inward, down) != (-reach, reach):  # the cross is there
                painter.drawPolyline([QPointF(x + inward, y), QPointF(x, y), QPointF(x, y + down)])
    cross = cross_rect(rect)
    overlay.plate(painter, cross)
    painter.setPen(theme.pen("text", 1.5))
    inner = cross.adjusted(*(theme.px(each) for each in (6, 6, -6, -6)))
    painter.drawLine(inner.topLeft(), inner.bottomRight())
    painter.drawLine(inner.topRight(), inner.bottomLeft())


def paint_name(painter: QPainter, rect: QRectF, name: str, role: TileRole, *, colour: str = "line") -> None:
    """Paint the frame around a small picture, and the name where no overlay covers it."""
    painter.setFont(theme.font("secondary"))
    text = painter.fontMetrics().elidedText(
        name, Qt.TextElideMode.ElideRight, max(0, round(rect.width()) - theme.px(_PAD))
    )
    label = QRectF(0.0, 0.0, painter.fontMetrics().horizontalAdvance(text) + theme.px(_PAD), theme.px(_LINE))
    # Badge and p stand in the upper corners of the large picture, so its name goes to the middle of the top.
    if role is TileRole.LARGE:
        label.moveTopLeft(QPointF(rect.center().x() - label.width() / 2, rect.top() + theme.px(_PAD)))
    else:
        painter.setPen(theme.pen(colour, 1.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(rect)
        if role is TileRole.SMALL:
            label.moveTopLeft(rect.topLeft())
        else:
            label.moveBottomRight(rect.bottomRight())
    overlay.plate(painter, label)
    painter.setPen(theme.token("text"))
    painter.drawText(label, Qt.AlignmentFlag.AlignCenter, text)


def _paint_note(painter: QPainter, rect: QRectF, note: str, *, large: bool) -> None:
    """Paint the note across the middle of the picture, in as many lines as it needs."""
    painter.setFont(theme.font("body" if large else "secondary"))
    room = rect.adjusted(theme.px(4), 0, -theme.px(4), 0)
    flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
    text = QRectF(painter.boundingRect(room.toRect(), flags, note))
    # A long note ends at the picture's edge, so that it does not cover the neighbour.
    box = text.adjusted(-theme.px(8), -theme.px(4), theme.px(8), theme.px(4)).intersected(rect)
    overlay.plate(painter, box)
    painter.setPen(theme.token("warning"))
    painter.drawText(box, flags, note)
