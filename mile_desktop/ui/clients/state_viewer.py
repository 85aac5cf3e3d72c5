"""Draws states of a scene that does not run now, with a viewer process of its own."""

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject
from PySide6.QtGui import QColor

from mile_desktop.arrays import Float32Array
from mile_desktop.channels.shared import Frame
from mile_desktop.processes import viewer
from mile_desktop.ui.clients.viewer_client import ViewerClient
from mile_desktop.ui.theme import theme
from mile_desktop.viewer import messages as v

_LARGEST = (960, 720)


class Canvas(Protocol):
    """A widget that shows a viewer's pictures; ``viewport.FrameCanvas`` is one."""

    def show_frame(self, frame: Frame) -> None:
        """Show the newest picture."""

    def set_presets(self, presets: tuple[v.Preset, ...], *, flat: bool = False) -> None:
        """Offer the scene's cameras; ``flat``: the scene is a plane that cannot be turned."""


class StateViewer(QObject):
    """Shows scene states on a canvas; the viewer process starts with the first state.

    Everything runs on the window's thread. The owner connects what the person does on the canvas (turn, zoom, another
    camera) with ``client.send``.

    Parameters
    ----------
    canvas
        Where the pictures are shown.
    parent
        The owner.
    target
        Entry point of the viewer process, see ``processes.viewer``.
    """

    def __init__(self, canvas: Canvas, parent: QObject, *, target: Callable[..., None] = viewer) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._scene = ""
        self.client = ViewerClient(target, self, max_size=_LARGEST, thumbnails=0)
        """Commands that are sent before the process starts are kept and sent when it has started."""
        self.client.frame_ready.connect(canvas.show_frame)
        self.client.ready.connect(self._ready)
        theme.signals().changed.connect(self._paint_background)

    def show_state(self, scene: str, state: Float32Array, step: int) -> None:
        """Draw one state (float32[k]) of ``scene``; the picture of it has the same ``step``."""
        # The process takes memory and seconds, so it starts with the first state that is shown.
        if not self._scene:
            self._paint_background()
            self.client.start()
        if scene != self._scene:
            self._scene = scene
            self.client.send(v.LoadScene(scene=scene))
        self.client.send(v.ShowState(values=tuple(state.tolist()), step=step))

    def close(self) -> None:
        """End the viewer for good."""
        self.client.close()

    def _ready(self, ready: v.ViewerReady) -> None:
        self._canvas.set_presets(ready.presets, flat=ready.flat)

    def _paint_background(self) -> None:
        top, bottom = theme.token("raised"), theme.token("ground")
        self.client.send(v.SetBackground(top=_rgb(top), bottom=_rgb(bottom)))


def _rgb(colour: QColor) -> v.Rgb:
    return colour.redF(), colour.greenF(), colour.blueF()
