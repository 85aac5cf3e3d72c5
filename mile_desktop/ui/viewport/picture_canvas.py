"""A canvas for the scene and for live or recorded cameras beside it."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from mile_desktop.channels.shared import Frame
from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.frame_canvas import FrameCanvas, as_image
from mile_desktop.ui.viewport.orbit import Orbit
from mile_desktop.ui.viewport.tile_hand import Part, TileHand, cursor_at
from mile_desktop.ui.viewport.tile_layout import GRIDS, Layout
from mile_desktop.ui.viewport.tile_paint import TileRole, paint_handles, paint_name, paint_tile
from mile_desktop.ui.viewport.tiles import SCENE, Tiles

_REPAINT_MS = 25
"""What arrives within this time is painted together: four cameras at 30 Hz would otherwise repaint the view 120 times a
second, and a robot at 20 Hz would repaint it for each step and again for each picture of that step."""


class PictureCanvas(FrameCanvas):
    """Shows several pictures at once; subclasses paint over them. Everything runs on the window's thread.

    Beside the scene there can be small views of it, and cameras, each of which can be the large picture (``Tiles``).
    A click on a small picture makes it large. A drag moves it, a drag of its corner resizes it, and its cross puts it
    away.
    """

    arranged = Signal()
    """The layout or the set of pictures changed, see ``tiles``."""
    arrangement_chosen = Signal()
    """A person has chosen another layout or large picture, or has moved or put away a small one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Moves without a button are needed to show the hand over small pictures.
        self.setMouseTracking(True)
        self.tiles = Tiles()
        """The pictures and their layout; change them through this widget, so that it repaints."""
        self._hand = TileHand(self.tiles)
        self._under_mouse = ""
        self._repaint_timer = QTimer(self)
        self._repaint_timer.setSingleShot(True)
        self._repaint_timer.setInterval(_REPAINT_MS)
        self._repaint_timer.timeout.connect(self.update)

    # ── what is shown ────────────────────────────────────────────────────────────────────────────────────────────

    def set_cameras(self, names: Sequence[str]) -> None:
        """Show exactly these cameras, in this order."""
        self.tiles.keep(names, can_be_main=True)
        self._rearranged()

    def forget_cameras(self) -> None:
        """Remove all cameras and their last pictures, which a camera of the same name would otherwise inherit."""
        self.tiles.keep((), can_be_main=True)
        self._rearranged()

    def show_camera(self, name: str, frame: Frame) -> None:
        """Show the newest frame of the camera ``name``."""
        self.tiles.show(name, as_image(frame))
        self.repaint_soon()

    def show_frame(self, frame: Frame) -> None:
        """Show the newest frame."""
        super().show_frame(frame)
        # This repaint shows all that waited.
        self._repaint_timer.stop()

    def repaint_soon(self) -> None:
        """Repaint within ``_REPAINT_MS``, together with what else arrives until then."""
        # Not restarted while it runs: cameras that keep sending must not postpone the repaint for ever.
        if not self._repaint_timer.isActive():
            self._repaint_timer.start()

    def annotate_camera(self, name: str, note: str, *, faded: bool) -> None:
        """Show a note over the camera ``name`` about what is wrong with it; empty if all is well."""
        if self.tiles.annotate(name, note, faded=faded):
            self.update()

    def set_arrangement(self, layout: Layout, main: str) -> None:
        """Use this layout, with ``main`` (a camera, or ``SCENE``) as the large picture."""
        self.tiles.layout = layout
        self.tiles.choose(main)
        self._rearranged()

    def set_scene_shown(self, shown: bool) -> None:
        """Set whether there is a picture of a scene; a robot without a model of its scene has only cameras."""
        self.tiles.has_scene = shown
        self._rearranged()

    def cycle_layout(self) -> None:
        """Switch to the next layout; called for the person, so it is remembered."""
        layouts = list(Layout)
        self.choose_layout(layouts[(layouts.index(self.tiles.layout) + 1) % len(layouts)])

    def choose_layout(self, layout: Layout) -> None:
        """Switch to this layout; called for the person, so it is remembered."""
        # The wanted picture, not the present one: a camera that is missing now becomes large again when it returns.
        self.set_arrangement(layout, self.tiles.wanted)
        self.arrangement_chosen.emit()

    def choose_main(self, name: str) -> None:
        """Make this picture large; called for the person, so it is remembered. It leaves the grid, where none is."""
        layout = Layout.ONE if self.tiles.layout in GRIDS else self.tiles.layout
        self.set_arrangement(layout, name)
        self.arrangement_chosen.emit()

    def put_away(self, name: str, away: bool = True) -> None:
        """Do not show this small picture, or show it again; called for the person, so it is remembered."""
        self.tiles.put_away(name, away)
        self._under_mouse = ""
        self._rearranged()
        self.arrangement_chosen.emit()

    def forget_places(self) -> None:
        """Show every small picture at its first place; called for the person, so it is remembered."""
        self.tiles.forget_places()
        self._rearranged()
        self.arrangement_chosen.emit()

    def choose_camera(self, index: int) -> None:
        """Use camera number ``index``, from 0: first the cameras of the scene, then the live ones."""
        inner = len(self.presets) if self.tiles.has_scene else 0
        if index < inner:
            # The number means a view of the scene, which would change unseen behind a large camera.
            if self.tiles.main != SCENE:
                self.choose_main(SCENE)
            super().choose_camera(index)
        elif index - inner < len(self.tiles.choices):
            self.choose_main(self.tiles.choices[index - inner])

    def look_from(self, orbit: Orbit) -> None:
        """Move the scene's camera to this position, and show the scene large where a live camera was."""
        if self.tiles.main != SCENE:
            self.choose_main(SCENE)
        super().look_from(orbit)

    def step_camera(self, direction: int) -> None:
        """Use the next (+1) or the previous (−1) camera; scene and live cameras form one row."""
        inner = len(self.presets) if self.tiles.has_scene else 0
        count = inner + len(self.tiles.choices)
        if count:
            live = self.tiles.main != SCENE
            now = inner + self.tiles.choices.index(self.tiles.main) if live else self.chosen_preset
            self.choose_camera((now + direction) % count)

    # ── painting ─────────────────────────────────────────────────────────────────────────────────────────────────

    def picture_rect(self) -> QRectF:
        """Return where the scene's frame is drawn; empty while the layout does not show it."""
        return self._rects().get(SCENE, QRectF())

    def room(self) -> QRectF:
        """Return the area for which the viewer renders; empty while the layout does not show the scene."""
        return self.tiles.rooms(self.inside()).get(SCENE, QRectF())

    def main_area(self) -> QRectF:
        """Return the area of the picture that phase, p and outcome belong to: the large one, in a grid the scene's."""
        rooms = self.tiles.rooms(self.inside())
        large = next(iter(rooms.values()))
        # A robot may have cameras only; the first of them stands for the scene.
        return rooms.get(SCENE, large) if self.tiles.layout in GRIDS else large

    def paint_pictures(self, painter: QPainter, empty_text: str) -> None:
        """Paint every picture at its place; ``empty_text`` in place of the scene before its first frame."""
        painter.fillRect(self.rect(), theme.token("ground"))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, on=True)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
        rects = self._rects()
        for name, rect in rects.items():
            self._paint_part(painter, name, rect, empty_text)
        if self._under_mouse in rects and self._is_movable(self._under_mouse):
            paint_handles(painter, rects[self._under_mouse])

    def paint_over_scene(self, painter: QPainter, picture: QRectF) -> None:
        """Paint over the scene's picture, which is at ``picture``; small pictures are painted over it later."""

    def _paint_part(self, painter: QPainter, name: str, rect: QRectF, empty_text: str) -> None:
        grid, large = self.tiles.layout in GRIDS, name == self.tiles.main
        role = TileRole.CELL if grid else TileRole.LARGE if large else TileRole.SMALL
        tile = self.tiles.tile(name)
        if tile is not None:
            paint_tile(painter, rect, tile, role)
            return
        self.paint_frame(painter, rect, empty_text)
        # In a small inset the overlay would cover everything.
        if large or grid:
            self.paint_over_scene(painter, rect)
        if not large:
            paint_name(painter, rect, "Scene", role)

    def _rects(self) -> dict[str, QRectF]:
        return self.tiles.rects(self.inside(), self._scene_shape())

    def _scene_shape(self) -> float:
        """Return the scene's height over its width; before its first frame it fills its room."""
        if not self._image.isNull():
            return self._image.height() / self._image.width()
        room = self.room()
        return room.height() / max(1.0, room.width())

    def _is_movable(self, name: str) -> bool:
        """Return whether this picture is a small one that can be moved and put away."""
        return self.tiles.layout is Layout.INSET and name != self.tiles.main

    def _rearranged(self) -> None:
        """Repaint, and request frames for the scene's new area."""
        self.arranged.emit()
        self.update()
        self.request_size()

    # ── mouse ────────────────────────────────────────────────────────────────────────────────────────────────────

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Hold a small picture, or begin to turn the scene."""
        point = event.position()
        name = self.tiles.name_at(point, self.inside(), self._scene_shape())
        if name is not None and self._is_movable(name):
            # What it does is known only at the release: a click makes it large, a drag moves it.
            self._hand.press(name, self._rects()[name], point)
        elif name is not None and self.tiles.layout in GRIDS:
            self._choose(name)
        elif self.tiles.main == SCENE:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move a small picture, or turn or pan; the pointer tells what a press would do."""
        if self._hand.holds:
            if self._hand.move(event.position(), self.inside()):
                self._rearranged()
        elif event.buttons() == Qt.MouseButton.NoButton:
            self._show_pointer(event)
        else:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go of a small picture, or end the gesture."""
        if not self._hand.holds:
            super().mouseReleaseEvent(event)
            return
        name, part, moved = self._hand.release()
        if moved:
            self.arrangement_chosen.emit()
        elif part is Part.CROSS:
            self.put_away(name)
        else:
            self._choose(name)

    def leaveEvent(self, event: QEvent) -> None:
        """Hide the cross and the corners of a small picture."""
        super().leaveEvent(event)
        self._point_at("")

    def _show_pointer(self, event: QMouseEvent) -> None:
        name = self.tiles.name_at(event.position(), self.inside(), self._scene_shape())
        if name is not None and self._is_movable(name):
            self.setCursor(cursor_at(self._rects()[name], event.position()))
            self._point_at(name)
            return
        in_grid = name is not None and self.tiles.layout in GRIDS
        self.setCursor(Qt.CursorShape.PointingHandCursor if in_grid else Qt.CursorShape.ArrowCursor)
        self._point_at("")

    def _point_at(self, name: str) -> None:
        if name != self._under_mouse:
            self._under_mouse = name
            self.update()

    def _choose(self, name: str) -> None:
        """Make a small picture large; for a small view of the scene, move the scene's camera there."""
        tile = self.tiles.tile(name)
        if tile is not None and not tile.can_be_main:
            self._use_preset(name)
        else:
            self.choose_main(name)

    def _use_preset(self, name: str) -> None:
        """Use the scene's camera ``name``."""
        names = [preset.name for preset in self.presets]
        if name in names:
            self.choose_camera(names.index(name))
