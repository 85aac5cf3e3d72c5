"""Moves, resizes and puts away small pictures with the mouse. No events of Qt and no painting."""

from enum import Enum, auto

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt

from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.tile_layout import place_of, placed
from mile_desktop.ui.viewport.tiles import Tiles

_CORNER, _CROSS = 14, 20
"""Size of a corner with which a picture is resized, and of the cross that puts it away, px at 100 %."""
_STILL_PX = 6
"""A hand that clicks moves the mouse by some pixels; only more than this moves the picture."""


class Part(Enum):
    """What of a small picture is under the mouse."""

    BODY = auto()
    CROSS = auto()
    CORNER = auto()


_DIAGONALS = (Qt.CursorShape.SizeFDiagCursor, Qt.CursorShape.SizeBDiagCursor)


def cross_rect(rect: QRectF) -> QRectF:
    """Return where the cross of the picture at ``rect`` is: at its upper right."""
    side = theme.px(_CROSS)
    return QRectF(rect.right() - side, rect.top(), side, side)


def part_at(rect: QRectF, point: QPointF) -> Part:
    """Return what of the picture at ``rect`` is at ``point``."""
    if cross_rect(rect).contains(point):
        return Part.CROSS
    near = theme.px(_CORNER)
    at_side = min(point.x() - rect.left(), rect.right() - point.x()) <= near
    at_end = min(point.y() - rect.top(), rect.bottom() - point.y()) <= near
    return Part.CORNER if at_side and at_end else Part.BODY


def cursor_at(rect: QRectF, point: QPointF) -> Qt.CursorShape:
    """Return the shape of the pointer over the picture at ``rect``."""
    if part_at(rect, point) is not Part.CORNER:
        return Qt.CursorShape.PointingHandCursor
    upper_left = (point.x() < rect.center().x()) == (point.y() < rect.center().y())
    return _DIAGONALS[0] if upper_left else _DIAGONALS[1]


class TileHand:
    """Follows one drag of a small picture, from the press to the release.

    Parameters
    ----------
    tiles
        The pictures; their places are changed while the mouse moves.
    """

    def __init__(self, tiles: Tiles) -> None:
        self._tiles = tiles
        self._name = ""
        self._rect = QRectF()
        self._from = QPointF()
        self._part: Part | None = None
        self._moved = False

    @property
    def holds(self) -> bool:
        """Whether a picture is held."""
        return self._part is not None

    def press(self, name: str, rect: QRectF, point: QPointF) -> None:
        """Hold the picture ``name``, which is at ``rect`` now."""
        self._name, self._rect, self._from = name, rect, point
        self._part, self._moved = part_at(rect, point), False

    def move(self, point: QPointF, area: QRectF) -> bool:
        """Follow the mouse within the view ``area``; return whether the picture has another place."""
        way = point - self._from
        if self._part in {None, Part.CROSS} or (not self._moved and way.manhattanLength() < _STILL_PX):
            return False
        self._moved = True
        rect = self._resized(point) if self._part is Part.CORNER else self._rect.translated(way)
        # Kept within the view already while it moves: a picture outside could not be grasped again.
        inside = placed(place_of(rect, area), rect.height() / rect.width(), area)
        self._tiles.move(self._name, inside, area)
        return True

    def release(self) -> tuple[str, Part | None, bool]:
        """Let go; return the picture, the part that was pressed and whether the picture was moved."""
        part, self._part = self._part, None
        return self._name, part, self._moved

    def _resized(self, point: QPointF) -> QRectF:
        """Return the rectangle whose corner follows the mouse, while the opposite corner stays."""
        rect, shape = self._rect, self._rect.height() / self._rect.width()
        at_left, at_top = self._from.x() < rect.center().x(), self._from.y() < rect.center().y()
        way = point - self._from
        # The larger of both directions counts, so that the corner stays under the mouse whatever the shape is.
        wider = max(-way.x() if at_left else way.x(), (-way.y() if at_top else way.y()) / shape, key=abs)
        width = max(1.0, rect.width() + wider)
        resized = QRectF(rect.topLeft(), QSizeF(width, width * shape))
        if at_left:
            resized.moveRight(rect.right())
        if at_top:
            resized.moveBottom(rect.bottom())
        return resized
