"""A canvas for the scene and for live or recorded cameras beside it."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from mile_desktop.channels.shared import Frame
from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.frame_canvas import FrameCanvas, as_image
from mile_desktop.ui.viewport.tile_paint import Place, paint_name, paint_tile
from mile_desktop.ui.viewport.tiles import SCENE, Layout, Tiles

_SHAPE = 0.75
_REPAINT_MS = 25
"""Pictures of several cameras that come within this time are painted together."""


class PictureCanvas(FrameCanvas):
    """Shows several pictures at once; subclasses paint over them. All of it on the window's thread.

    Besides the scene there can be small views of it, and cameras, each of which can be the large picture (``Tiles``);
    a click on a small one makes it large.
    """

    arranged = Signal()
    """The pictures share the view in another way: see ``tiles``."""
    arrangement_chosen = Signal()
    """A person has chosen another layout or large picture."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.tiles = Tiles()
        """Which pictures there are and how they share the view; change it through this widget."""
        self._repaint = QTimer(self)
        self._repaint.setSingleShot(True)
        self._repaint.setInterval(_REPAINT_MS)
        self._repaint.timeout.connect(self.update)

    # ── what is shown ────────────────────────────────────────────────────────────────────────────────────────────

    def set_cameras(self, names: Sequence[str]) -> None:
        """Have exactly these cameras, in this order."""
        self.tiles.keep(names, can_be_main=True)
        self._rearranged()

    def forget_cameras(self) -> None:
        """Show no camera any more, not even what one of the same name showed last."""
        self.tiles.keep((), can_be_main=True)
        self._rearranged()

    def show_camera(self, name: str, frame: Frame) -> None:
        """Show the newest frame of the camera ``name``."""
        self.tiles.show(name, as_image(frame))
        if not self._repaint.isActive():
            self._repaint.start()

    def annotate_camera(self, name: str, note: str, *, faded: bool) -> None:
        """Say what is wrong with the camera ``name``; nothing when all is well."""
        if self.tiles.annotate(name, note, faded=faded):
            self.update()

    def set_arrangement(self, layout: Layout, main: str) -> None:
        """Share the view in this way, with ``main`` (a camera, or ``SCENE``) as the large picture."""
        self.tiles.layout = layout
        self.tiles.choose(main)
        self._rearranged()

    def set_scene_shown(self, shown: bool) -> None:
        """Say whether there is a picture of a scene; where a robot has only its cameras there is none."""
        self.tiles.has_scene = shown
        self._rearranged()

    def cycle_layout(self) -> None:
        """Share the view in the next way, as the person asks."""
        layouts = list(Layout)
        self.choose_layout(layouts[(layouts.index(self.tiles.layout) + 1) % len(layouts)])

    def choose_layout(self, layout: Layout) -> None:
        """Share the view like this, as the person asks."""
        self.set_arrangement(layout, self.tiles.wanted)
        self.arrangement_chosen.emit()

    def choose_main(self, name: str) -> None:
        """Let this picture be large, as the person asks; in the grid nothing is, so that is left."""
        layout = Layout.ONE if self.tiles.layout is Layout.GRID else self.tiles.layout
        self.set_arrangement(layout, name)
        self.arrangement_chosen.emit()

    def choose_camera(self, index: int) -> None:
        """Look through camera number ``index``, from 0: first those of the scene, then the others."""
        inner = len(self.presets) if self.tiles.has_scene else 0
        if index < inner:
            if self.tiles.main != SCENE:
                self.choose_main(SCENE)
            super().choose_camera(index)
        elif index - inner < len(self.tiles.choices):
            self.choose_main(self.tiles.choices[index - inner])

    def step_camera(self, direction: int) -> None:
        """Look through the next (+1) or the previous (−1) camera, those of the scene and the others in one row."""
        inner = len(self.presets) if self.tiles.has_scene else 0
        count = inner + len(self.tiles.choices)
        if count:
            live = self.tiles.main != SCENE
            now = inner + self.tiles.choices.index(self.tiles.main) if live else self.chosen_preset
            self.choose_camera((now + direction) % count)

    # ── painting ─────────────────────────────────────────────────────────────────────────────────────────────────

    def picture_rect(self) -> QRectF:
        """Return where the scene's frame is drawn; empty while it is not shown."""
        return self._places().get(SCENE, QRectF())

    def room(self) -> QRectF:
        """Return the room for which the viewer draws."""
        shown = self.tiles.main == SCENE and self.tiles.layout is not Layout.GRID
        return self.inside() if shown else self.picture_rect()

    def paint_pictures(self, painter: QPainter, empty_text: str) -> None:
        """Paint every picture where it belongs; ``empty_text`` where the scene will be."""
        painter.fillRect(self.rect(), theme.token("ground"))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, on=True)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
        for name, place in self._places().items():
            self._paint_part(painter, name, place, empty_text)

    def paint_over_scene(self, painter: QPainter, picture: QRectF) -> None:
        """Paint what belongs to the scene's picture, which is at ``picture``, before small ones cover it."""

    def _paint_part(self, painter: QPainter, name: str, place: QRectF, empty_text: str) -> None:
        grid, large = self.tiles.layout is Layout.GRID, name == self.tiles.main
        part = Place.CELL if grid else Place.LARGE if large else Place.SMALL
        tile = self.tiles.tile(name)
        if tile is not None:
            paint_tile(painter, place, tile, part)
            return
        self.paint_frame(painter, place, empty_text)
        if large or grid:
            self.paint_over_scene(painter, place)
        if not large:
            paint_name(painter, place, "Scene", part)

    def _places(self) -> dict[str, QRectF]:
        return self.tiles.places(self.inside(), self._scene_shape())

    def _scene_shape(self) -> float:
        """Return the scene's height over its width; before its first frame it fills the room."""
        if not self._image.isNull():
            return self._image.height() / self._image.width()
        inside = self.inside()
        return inside.height() / max(1.0, inside.width()) if self.tiles.main == SCENE else _SHAPE

    def _rearranged(self) -> None:
        """Paint anew; the viewer draws for other room."""
        self.arranged.emit()
        self.update()
        if self.isVisible():
            self._resized.start()

    # ── mouse ────────────────────────────────────────────────────────────────────────────────────────────────────

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 – Qt's name
        """Make a small picture large, or begin to turn the scene."""
        name = self.tiles.at(event.position(), self.inside(), self._scene_shape())
        tile = self.tiles.tile(name) if name is not None else None
        is_small = name != self.tiles.main or self.tiles.layout is Layout.GRID
        if tile is not None and tile.can_be_main and is_small:
            self.choose_main(tile.name)
        elif tile is not None and not tile.can_be_main:
            self._look_from(tile.name)
        elif name == SCENE and self.tiles.main != SCENE:
            self.choose_main(SCENE)
        elif self.tiles.main == SCENE:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 – Qt's name
        """Turn or pan; over a small picture the pointer says that a click makes it large."""
        if event.buttons() == Qt.MouseButton.NoButton:
            name = self.tiles.at(event.position(), self.inside(), self._scene_shape())
            over_small = name is not None and (name != self.tiles.main or self.tiles.layout is Layout.GRID)
            self.setCursor(Qt.CursorShape.PointingHandCursor if over_small else Qt.CursorShape.ArrowCursor)
        else:
            super().mouseMoveEvent(event)

    def _look_from(self, name: str) -> None:
        """Look at the scene from its camera ``name``."""
        names = [preset.name for preset in self.presets]
        if name in names:
            self.choose_camera(names.index(name))
