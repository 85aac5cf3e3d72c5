"""The pictures of a view: which are shown, which is large, and the rectangle of each. No painting, no widgets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage

from mile_desktop.ui.viewport.tile_layout import (
    DEFAULT_SHAPE,
    GRIDS,
    MOST_QUARTERS,
    Layout,
    Place,
    beside,
    fit_rect,
    grid,
    place_of,
    placed,
    quarters,
)

SCENE = ""
"""Name of the picture that the viewer draws."""
TITLES = {
    Layout.ONE: "One picture",
    Layout.INSET: "Small pictures beside it",
    Layout.GRID: "Grid",
    Layout.QUARTERS: "2 × 2",
}


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
        return DEFAULT_SHAPE if self.image.isNull() else self.image.height() / max(1, self.image.width())


class Remembered(msgspec.Struct, frozen=True):
    """What a person has done to the small pictures."""

    away: tuple[str, ...] = ()
    places: dict[str, Place] = {}


class Tiles:
    """The pictures in their order, the large one, and what a person has moved or put away; owned by the view."""

    def __init__(self) -> None:
        self.layout = Layout.INSET
        self.has_scene = True
        """Whether there is a picture of a scene: a live robot may have only cameras."""
        self._tiles: dict[str, Tile] = {}
        self._main = SCENE
        self._away: dict[str, None] = {}
        self._places: dict[str, Place] = {}

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
        """Make this picture large, now or as soon as it is added; one that was put away comes back."""
        self._main = name
        self._away.pop(name, None)

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

    # ── what a person moves and puts away ────────────────────────────────────────────────────────────────────────

    @property
    def small(self) -> dict[str, str]:
        """Name and title of each picture that is small, or would be if it were not put away."""
        return {name: (self._tiles[name].title or name) if name else "Scene" for name in self._order()[1:]}

    @property
    def has_places(self) -> bool:
        """Whether a person has moved or put away a picture."""
        return bool(self._places or self._away)

    def is_away(self, name: str) -> bool:
        """Return whether this picture was put away; it also counts when the picture is not there now."""
        return name in self._away

    def put_away(self, name: str, away: bool = True) -> None:
        """Do not show this picture while it is small, or show it again."""
        if away:
            self._away[name] = None
        else:
            self._away.pop(name, None)

    def move(self, name: str, rect: QRectF, area: QRectF) -> None:
        """Put a small picture to ``rect`` of the view ``area``, over the large one."""
        self._places[name] = place_of(rect, area)

    def forget_places(self) -> None:
        """Show every small picture beside the large one again."""
        self._places.clear()
        self._away.clear()

    def remembered(self) -> str:
        """Return what a person has moved and put away, for ``restore``."""
        return msgspec.json.encode(Remembered(tuple(self._away), self._places)).decode()

    def restore(self, text: str) -> None:
        """Restore what ``remembered`` returned; a text that cannot be read changes nothing."""
        try:
            known = msgspec.json.decode(text, type=Remembered)
        except msgspec.MsgspecError:
            return
        self._away, self._places = dict.fromkeys(known.away), dict(known.places)

    # ── rectangles ───────────────────────────────────────────────────────────────────────────────────────────────

    def rects(self, area: QRectF, scene_shape: float) -> dict[str, QRectF]:
        """Return the rectangle of each shown picture within ``area``, the large one first, with its aspect ratio."""
        rooms = self.rooms(area)
        shapes = {name: scene_shape if name == SCENE else self._tiles[name].shape for name in rooms}
        return {name: fit_rect(room, shapes[name]) for name, room in rooms.items()}

    def rooms(self, area: QRectF) -> dict[str, QRectF]:
        """Return the area that each shown picture may fill within ``area``, the large one first.

        The scene is drawn for its room, so that it is never smaller than a camera beside it in the grid.
        """
        names = self._shown()
        if self.layout in GRIDS:
            cells = grid if self.layout is Layout.GRID else quarters
            return dict(zip(names, cells(area, len(names)), strict=True))
        main, *small = names
        docked = [name for name in small if name not in self._places]
        rest, rects = beside(area, [self._shape(name) for name in docked])
        rooms = {main: rest, **dict(zip(docked, rects, strict=True))}
        # Last, because the last one is painted on top.
        return rooms | {
            name: placed(self._places[name], self._shape(name), area) for name in small if name in self._places
        }

    def name_at(self, point: QPointF, area: QRectF, scene_shape: float) -> str | None:
        """Return the name of the topmost picture at ``point``; None where there is none."""
        # The large picture comes first and is painted first, so the last hit is the one on top.
        found = [name for name, rect in self.rects(area, scene_shape).items() if rect.contains(point)]
        return found[-1] if found else None

    def _shape(self, name: str) -> float:
        return DEFAULT_SHAPE if name == SCENE else self._tiles[name].shape

    def _shown(self) -> list[str]:
        main, *small = self._order()
        if self.layout is Layout.ONE:
            return [main]
        shown = [main, *(name for name in small if name not in self._away)]
        # In a grid no picture is large: they keep their order. With cameras, they alone stand beside the scene; where
        # they leave a quarter free, a small view of the scene fills it.
        if self.layout is Layout.GRID and self.choices:
            return [name for name in (SCENE, *self.choices) if name in shown]
        if self.layout is Layout.QUARTERS:
            inner = [name for name, tile in self._tiles.items() if not tile.can_be_main]
            return [name for name in (SCENE, *self.choices, *inner) if name in shown][:MOST_QUARTERS]
        return shown

    def _order(self) -> list[str]:
        """Return all pictures, the large one first."""
        main = self.main
        scene = [SCENE] if self.has_scene else []
        return [main, *(name for name in (*scene, *self._tiles) if name != main)]
