"""Connects the viewer process, which draws the scene, with the page that shows it."""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from mile_desktop.channels.messages import Message
from mile_desktop.channels.shared import Frame
from mile_desktop.rollout import messages as m
from mile_desktop.ui.clients.viewer_client import ViewerClient
from mile_desktop.ui.supervise.page import SupervisePage
from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.tile_layout import GRIDS, Layout
from mile_desktop.viewer import messages as v

_YAW_OF_X = 90.0
"""Degrees to add: at yaw 0 the view looks along +y, while the worker counts headings from +x."""
_SMALL_SIZE, _CELL_SIZE = (240, 180), (480, 360)
"""Width and height in which the viewer draws a small view beside the large picture, and in a cell of a grid, px: a cell
is about twice as wide, and a small view would be blurred in it."""


class ViewController(QObject):
    """Passes frames to the page and viewpoints to the viewer; everything runs on the window's thread.

    Beside the large picture the scene's other cameras are small views; the viewer draws only those that are shown.
    """

    command = Signal(object)
    """Carries a ``SetViewYaw`` for the worker, which turns the gamepad's directions to those of the view."""

    def __init__(
        self,
        viewer: ViewerClient,
        page: SupervisePage,
        parent: QObject,
        *,
        small_views: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._page = page
        self._clock = clock
        self._presets: tuple[v.Preset, ...] = ()
        self._draws_itself = False
        self._small_views_shown = small_views
        self._requested: tuple[str, ...] | None = None
        self._requested_size = _SMALL_SIZE
        self._requested_at = 0.0
        page.pictures.set_small_views(small_views)
        viewer.frame_ready.connect(page.show_frame)
        viewer.thumbnail_ready.connect(self._show_small_view)
        viewer.ready.connect(self._ready)
        viewer.scene_requested.connect(page.view.forget_pictures)
        viewer.status_changed.connect(self._show_rate)
        page.viewer_command.connect(self._send_to_viewer)
        page.view.arranged.connect(self._request_small_views)
        page.pictures.small_views_toggled.connect(self.show_small_views)
        theme.signals().changed.connect(self.paint_background)

    def paint_background(self) -> None:
        """Send the theme's colours of the background to the viewer."""
        top, bottom = theme.token("raised"), theme.token("ground")
        self._viewer.send(
            v.SetBackground(top=top.getRgbF()[:3], bottom=bottom.getRgbF()[:3])  # type: ignore[index]
        )

    def view_yaw_deg(self) -> float:
        """Return the heading of the view as ``SetViewYaw`` has it."""
        return self._page.view.orbit.yaw_deg + _YAW_OF_X

    @property
    def small_views(self) -> bool:
        """Whether the scene's other cameras are shown."""
        return self._small_views_shown

    def show_small_views(self, shown: bool) -> None:
        """Set whether the scene's other cameras are shown beside the large picture."""
        self._small_views_shown = shown
        self._page.pictures.set_small_views(shown)
        self._request_small_views()

    def toggle_small_views(self) -> None:
        """Show the scene's other cameras, or hide them."""
        self.show_small_views(not self._small_views_shown)

    def _ready(self, ready: v.ViewerReady) -> None:
        # A new scene, or a restarted viewer: it has forgotten the small views, so they are requested again.
        self._presets = ready.presets
        self._draws_itself = ready.draws_itself
        self._requested = None
        self._page.view.set_presets(ready.presets, flat=ready.flat)
        self._page.view.set_targets(ready.targets)
        self._request_small_views()
        if ready.presets:
            # Until the person turns the view it looks as the first preset does.
            self.command.emit(m.SetViewYaw(yaw_deg=ready.presets[0].yaw_deg + _YAW_OF_X))

    def _show_rate(self, status: v.ViewerStatus) -> None:
        """Show the rate of an environment's own pictures: it may be far below the control rate."""
        self._page.view.set_picture_rate(status.frames_per_second if self._draws_itself else None)

    def _request_small_views(self) -> None:
        """Request pictures of the cameras other than the large one, as many as there are shared buffers for."""
        view = self._page.view
        # Rendering is the viewer's main cost, so it renders no small view that the layout does not show.
        shown = self._small_views_shown and view.tiles.has_scene and view.tiles.layout is not Layout.ONE
        others = {
            preset.name: f"{number} {preset.title}"
            for number, preset in enumerate(self._presets, start=1)
            if shown and number - 1 != view.chosen_preset
        }
        # As many as there are buffers; further cameras can still be chosen as the large picture.
        drawn = [(name, title) for name, title in others.items() if not view.tiles.is_away(name)]
        titles = dict(drawn[: self._viewer.thumbnail_count])
        # Those that were put away are not drawn, but the menu still lists them, so that they can come back.
        view.set_small_views({key: title for key, title in others.items() if key in titles or view.tiles.is_away(key)})
        names, size = tuple(titles), _CELL_SIZE if view.tiles.layout in GRIDS else _SMALL_SIZE
        if (names, size) != (self._requested, self._requested_size):
            self._requested, self._requested_size, self._requested_at = names, size, self._clock()
            self._viewer.send(v.SetThumbnails(names=names, width=size[0], height=size[1]))

    def _show_small_view(self, index: int, frame: Frame) -> None:
        names = self._requested or ()
        # A picture carries only its slot number. One that was drawn before the last request belongs to the camera that
        # had the slot then.
        if index < len(names) and frame.timestamp >= self._requested_at:
            self._page.view.show_small_view(names[index], frame)

    def _send_to_viewer(self, command: object) -> None:
        if not isinstance(command, Message):
            return
        self._viewer.send(command)
        if isinstance(command, (v.SetView, v.UsePreset)):
            self._request_small_views()
            self.command.emit(m.SetViewYaw(yaw_deg=self.view_yaw_deg()))
