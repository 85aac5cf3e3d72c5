"""Rectangles of the pictures of a view. Functions on numbers; no painting, no widgets."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QPointF, QRectF

from mile_desktop.ui.theme import theme

_GAP = 8
_MARGIN = 12
DEFAULT_SHAPE = 0.75
"""Height over width of a picture that has not arrived yet: that of most cameras."""
_SMALL_WIDTH, _ENOUGH_WIDTH, _LEAST_WIDTH = 240, 84, 64
"""Widest small picture, the width at which no further column is made, and the narrowest one, px at 100 %.

The second is that of three pictures below each other in a view of 235 px, as at 1366 × 768 with a hint of two lines
above it. Another column there would take a third of the large picture's width whenever the hint gets its second line.
"""
_SMALL_SHARE, _COLUMNS_SHARE = 0.24, 0.4
"""Share of the view's width that one small picture, and all columns of them, may take."""
_WIDEST_SHARE = 0.7
"""A person cannot enlarge a small picture beyond this share of the view: that is what the large one is for."""


class Layout(StrEnum):
    """How the pictures are arranged."""

    ONE = "one"
    INSET = "inset"
    """One large picture, the others small at its right, or where a person has put them."""
    GRID = "grid"
    """All pictures in equal cells, in as many columns as make them largest."""
    QUARTERS = "quarters"
    """Two rows of two, each picture at a place that does not depend on the window's shape."""


GRIDS = frozenset({Layout.GRID, Layout.QUARTERS})
"""Layouts without a large picture."""
MOST_QUARTERS = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person has put a small picture, as shares of the view: it stays there when the window changes."""

    x: float
    """Centre."""
    y: float
    width: float


def grid(area: QRectF, count: int) -> list[QRectF]:
    """Return ``count`` cells of equal size, row by row."""
    return _cells(area, count, _columns(area, count))


def quarters(area: QRectF, count: int) -> list[QRectF]:
    """Return the cells of up to four pictures: two columns, and two rows for more than two pictures."""
    return _cells(area, count, min(2, count))


def _cells(area: QRectF, count: int, columns: int) -> list[QRectF]:
    rows = math.ceil(count / columns)
    gap = theme.px(_GAP)
    width = (area.width() - gap * (columns - 1)) / columns
    height = (area.height() - gap * (rows - 1)) / rows
    return [
        QRectF(
            area.left() + index % columns * (width + gap), area.top() + index // columns * (height + gap), width, height
        )
        for index in range(count)
    ]


def beside(area: QRectF, shapes: Sequence[float]) -> tuple[QRectF, list[QRectF]]:
    """Return the area that is left for the large picture, and the small ones in columns at its right.

    They stand beside the large picture and not over it: whatever they would cover there may be where the robot works.

    Parameters
    ----------
    area
        The whole view.
    shapes
        Height over width of each small picture, from the top down.
    """
    if not shapes:
        return area, []
    margin, gap = theme.px(_MARGIN), theme.px(_GAP)
    height = area.height() - 2 * margin
    widest = min(theme.px(_SMALL_WIDTH), _SMALL_SHARE * area.width())
    in_columns, width = _best_columns(shapes, height, widest, _COLUMNS_SHARE * area.width(), gap)
    rects: list[QRectF] = []
    right = area.right() - margin
    # Filled from the right edge, so that the first pictures are the farthest from the large one and never move when
    # another column is added.
    for column in in_columns:
        needed = sum(shape * width for shape in column) + gap * (len(column) - 1)
        # At the lower end, as the hand's attention goes from the gripper down; the alarm stands at the upper end.
        top = area.bottom() - margin - needed
        for shape in column:
            rects.append(QRectF(right - width, top, width, width * shape))
            top += width * shape + gap
        right -= width + gap
    return area.adjusted(0, 0, right - area.right(), 0), rects


def place_of(rect: QRectF, area: QRectF) -> Place:
    """Return the place of ``rect`` within ``area``."""
    centre = rect.center() - area.topLeft()
    return Place(centre.x() / area.width(), centre.y() / area.height(), rect.width() / area.width())


def placed(place: Place, shape: float, area: QRectF) -> QRectF:
    """Return the rectangle of a small picture at ``place``, wholly within ``area``."""
    widest = min(_WIDEST_SHARE * area.width(), _WIDEST_SHARE * area.height() / shape)
    width = min(max(place.width * area.width(), theme.px(_LEAST_WIDTH)), widest)
    rect = QRectF(0.0, 0.0, width, width * shape)
    rect.moveCenter(area.topLeft() + QPointF(place.x * area.width(), place.y * area.height()))
    rect.moveLeft(min(max(rect.left(), area.left()), area.right() - rect.width()))
    rect.moveTop(min(max(rect.top(), area.top()), area.bottom() - rect.height()))
    return rect


def fit_rect(area: QRectF, shape: float) -> QRectF:
    """Return the largest rectangle of ``shape`` (height over width) in the middle of ``area``."""
    width = min(area.width(), area.height() / max(1e-6, shape))
    rect = QRectF(0.0, 0.0, width, width * shape)
    rect.moveCenter(area.center())
    return rect


def _columns(area: QRectF, count: int) -> int:
    """Return the number of columns in which ``count`` pictures of the default shape are largest."""

    def size(columns: int) -> float:
        rows = math.ceil(count / columns)
        return min(area.width() / columns, area.height() / rows / DEFAULT_SHAPE)

    return max(range(1, count + 1), key=size)


def _best_columns(
    shapes: Sequence[float], height: float, widest: float, room: float, gap: float
) -> tuple[list[Sequence[float]], float]:
    """Return the pictures of each column, and the width of all.

    There are as few columns as leave the pictures large enough, because every column narrows the large picture;
    if none does, as many as make them largest.
    """
    found: list[tuple[float, list[Sequence[float]]]] = []
    for count in range(1, len(shapes) + 1):
        each = math.ceil(len(shapes) / count)
        columns = [shapes[start : start + each] for start in range(0, len(shapes), each)]
        tallest = min((height - gap * (len(column) - 1)) / sum(column) for column in columns)
        found.append((min(widest, tallest, room / len(columns) - gap), columns))
    enough = [each for each in found if each[0] >= theme.px(_ENOUGH_WIDTH)]
    width, columns = enough[0] if enough else max(found, key=lambda each: each[0])
    return columns, max(1.0, width)
