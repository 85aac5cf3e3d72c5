"""The view between the viewer that draws it and the page that shows it."""

from PySide6.QtCore import QObject, Signal

from mile_desktop.channels.shared import Frame
from mile_desktop.rollout import messages as m
from mile_desktop.ui import theme
from mile_desktop.ui.supervise.page import SupervisePage
from mile_desktop.ui.viewer_client import ViewerClient
from mile_desktop.viewer import messages as v

_YAW_OF_X = 90.0
"""The view's yaw 0 looks along +y; the pad counts headings from +x."""


class Viewing(QObject):
    """Passes frames to the page and points of view to the viewer; everything runs on the window's thread."""

    command = Signal(object)
    """Carries a ``SetViewYaw`` for the worker: what is left is left as seen."""

    def __init__(self, viewer: ViewerClient, page: SupervisePage, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._page = page
        self._presets: tuple[v.Preset, ...] = ()
        viewer.frame_ready.connect(page.show_frame)
        viewer.thumbnail_ready.connect(self._show_thumbnail)
        viewer.ready.connect(self._ready)
        page.viewer_command.connect(self._heed)
        theme.signals().changed.connect(self.paint_background)

    def paint_background(self) -> None:
        """Let the background follow the theme."""
        top, bottom = theme.token("raised"), theme.token("ground")
        self._viewer.send(
            v.SetBackground(top=top.getRgbF()[:3], bottom=bottom.getRgbF()[:3])  # type: ignore[index]
        )

    def _ready(self, ready: v.ViewerReady) -> None:
        self._presets = ready.presets
        self._page.view.set_presets(ready.presets, flat=ready.flat)
        self._viewer.send(v.SetThumbnails(names=tuple(preset.name for preset in self._small_views())))
        if ready.presets:
            self.command.emit(m.SetViewYaw(yaw_deg=ready.presets[0].yaw_deg + _YAW_OF_X))

    def _small_views(self) -> tuple[v.Preset, ...]:
        return self._presets[1:3]

    def _show_thumbnail(self, index: int, frame: Frame) -> None:
        small = self._small_views()
        if index < len(small):
            self._page.view.show_thumbnail(small[index].name, frame)

    def _heed(self, command: object) -> None:
        if not isinstance(command, v.Message):
            return
        self._viewer.send(command)
        if isinstance(command, (v.SetView, v.UsePreset)):
            self.command.emit(m.SetViewYaw(yaw_deg=self._page.view.orbit.yaw_deg + _YAW_OF_X))
