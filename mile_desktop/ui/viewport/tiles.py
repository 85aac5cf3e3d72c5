"""The pictures of a view: which are shown, which is large, and the rectangle of each. No painting, no widgets."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage

from mile_desktop.ui.theme import theme

_GAP = 8
_MARGIN = 12
_INSET_WIDTH = 180
_INSET_SHARE = 0.18
_INSET_HEIGHT_SHARE = 0.28
_INSETS_IN_A_ROW = 4
_ROW_SHARE = 0.58
"""Share of the width that a row of small pictures may take; the hints stand at the left of it."""
_DEFAULT_SHAPE = 0.75
"""Height over width of a picture that has not arrived yet: that of most cameras."""

SCENE = ""
"""Name of the picture that the viewer draws."""


class Layout(StrEnum):
    """How the pictures are arranged."""

    ONE = "one"
    INSET = "inset"
    """Picture in picture: one large, the others small at the bottom right."""
    GRID = "grid"


TITLES = {Layout.ONE: "One picture", Layout.INSET: "Picture in picture", Layout.GRID: "Grid"}


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture beside the scene's."""

    name: str
    image: QImage
    note: str = ""
    """A short note about what is wrong with it; empty if all is well."""
    faded: bool = False
    """Whether it is stale and painted faded."""
    can_be_main: bool = True
    """False for small views of a simulated scene: a click moves the scene's camera there instead."""
    title: str = ""
    """Text over the picture; empty: its name."""

    @property
    def shape(self) -> float:
        """Height over width."""
        return _DEFAULT_SHAPE if self.image.isNull() else self.image.height() / max(1, self.image.width())


class Tiles:
    """The pictures in their order, and the large one; owned by the view."""

    def __init__(self) -> None:
        self.layout = Layout.INSET
        self.has_scene = True
        """Whether there is a picture of a scene: a live robot may have only cameras."""
        self._tiles: dict[str, Tile] = {}
        self._main = SCENE

    @property
    def main(self) -> str:
        """Name of the large picture; ``SCENE`` for the viewer's."""
        if self._main in self._tiles:
            return self._main
        return SCENE if self.has_scene or not self.choices else self.choices[0]

    @property
    def wanted(self) -> str:
        """Name of the picture that was chosen last to be large, even if it is not connected now."""
        return self._main

    @property
    def choices(self) -> tuple[str, ...]:
        """Names of those that can be large, besides the scene."""
        return tuple(name for name, tile in self._tiles.items() if tile.can_be_main)

    def choose(self, name: str) -> None:
        """Make this picture large, now or as soon as it is added."""
        self._main = name

    def show(self, name: str, image: QImage, *, can_be_main: bool = True) -> None:
        """Replace the picture called ``name``, or add it."""
        # Only the pixels are replaced: note and title stay until they are changed.
        known = self._tiles.get(name) or Tile(name, image, can_be_main=can_be_main)
        self._tiles[name] = replace(known, image=image)

    def annotate(self, name: str, note: str, *, faded: bool) -> bool:
        """Set the note of a picture; return whether that changes it."""
        known = self._tiles.get(name)
        if known is None or (known.note, known.faded) == (note, faded):
            return False
        self._tiles[name] = replace(known, note=note, faded=faded)
        return True

    def keep(self, names: Sequence[str], *, can_be_main: bool, titles: Mapping[str, str] | None = None) -> None:
        """Keep exactly ``names``, in this order, of the pictures that can (or cannot) be large; the others stay.

        ``titles``: texts over the pictures in place of their names.
        """
        titles = titles or {}
        # Small views come from the viewer and cameras from their processes; each source replaces only its own pictures.
        others = {name: tile for name, tile in self._tiles.items() if tile.can_be_main is not can_be_main}
        known = {name: self._tiles.get(name) or Tile(name, QImage(), can_be_main=can_be_main) for name in names}
        mine = {name: replace(tile, title=titles.get(name, tile.title)) for name, tile in known.items()}
        self._tiles = {**others, **mine}

    def tile(self, name: str) -> Tile | None:
        """Return the picture called ``name``."""
        return self._tiles.get(name)

    def rects(self, area: QRectF, scene_shape: float) -> dict[str, QRectF]:
        """Return the rectangle of each shown picture within ``area``, the large one first, with its aspect ratio."""
        names = self._shown()
        shapes = [scene_shape if name == SCENE else self._tiles[name].shape for name in names]
        return dict(zip(names, arrange(self.layout, area, shapes), strict=True))

    def name_at(self, point: QPointF, area: QRectF, scene_shape: float) -> str | None:
        """Return the name of the topmost picture at ``point``; None where there is none."""
        # The large picture comes first and is painted first, so the last hit is the one on top.
        found = [name for name, rect in self.rects(area, scene_shape).items() if rect.contains(point)]
        return found[-1] if found else None

    def _shown(self) -> list[str]:
        main = self.main
        if self.layout is Layout.ONE:
            return [main]
        scene = [SCENE] if self.has_scene else []
        # Without cameras the grid would be a single cell.
        if self.layout is Layout.GRID and self.choices:
            return [*scene, *self.choices]
        return [main, *(name for name in (*scene, *self._tiles) if name != main)]


def arrange(layout: Layout, area: QRectF, shapes: Sequence[float]) -> list[QRectF]:
    """Return the rectangle of each picture within ``area``; ``shapes`` are height over width, the large one's first."""
    if layout is Layout.GRID:
        return _grid(area, shapes)
    return [fit_rect(area, shapes[0]), *_insets(area, shapes[1:])]


def fit_rect(area: QRectF, shape: float) -> QRectF:
    """Return the largest rectangle of ``shape`` (height over width) in the middle of ``area``."""
    width = min(area.width(), area.height() / max(1e-6, shape))
    rect = QRectF(0.0, 0.0, width, width * shape)
    rect.moveCenter(area.center())
    return rect


def _grid(area: QRectF, shapes: Sequence[float]) -> list[QRectF]:
    columns = _columns(area, len(shapes))
    rows = math.ceil(len(shapes) / columns)
    gap = theme.px(_GAP)
    width = (area.width() - gap * (columns - 1)) / columns
    height = (area.height() - gap * (rows - 1)) / rows
    rects = []
    for index, shape in enumerate(shapes):
        row, column = divmod(index, columns)
        cell = QRectF(area.left() + column * (width + gap), area.top() + row * (height + gap), width, height)
        rects.append(fit_rect(cell, shape))
    return rects


def _columns(area: QRectF, count: int) -> int:
    """Return the number of columns in which ``count`` pictures of the default shape are largest."""

    def size(columns: int) -> float:
        rows = math.ceil(count / columns)
        return min(area.width() / columns, area.height() / rows / _DEFAULT_SHAPE)

    return max(range(1, count + 1), key=size)


def _insets(area: QRectF, shapes: Sequence[float]) -> list[QRectF]:
    """Return rectangles in rows from the bottom up, each row at the right edge with the first picture leftmost."""
    margin, gap = theme.px(_MARGIN), theme.px(_GAP)
    rects: list[QRectF] = []
    bottom = area.bottom() - margin
    # Placed from the right, because the right edge is fixed while the widths differ; then reversed to the order of the
    # pictures.
    for start in range(0, len(shapes), _INSETS_IN_A_ROW):
        right = area.right() - margin
        row: list[QRectF] = []
        in_row = shapes[start : start + _INSETS_IN_A_ROW]
        room = (area.width() * _ROW_SHARE - gap * (len(in_row) - 1)) / len(in_row)
        for shape in reversed(in_row):
            limits = theme.px(_INSET_WIDTH), area.width() * _INSET_SHARE, area.height() * _INSET_HEIGHT_SHARE / shape
            width = min(*limits, room)
            row.append(QRectF(right - width, bottom - width * shape, width, width * shape))
            right -= width + gap
        rects += reversed(row)
        bottom = min(rect.top() for rect in row) - gap
    return rects
