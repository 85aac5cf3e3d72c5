"""A second pair of eyes: draws states of a scene that are not the supervised one's, with a viewer of its own."""

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QColor

from mile_desktop.arrays import Float32Array
from mile_desktop.processes import viewer
from mile_desktop.ui.clients.viewer_client import ViewerClient
from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.frame_canvas import FrameCanvas
from mile_desktop.viewer import messages as v

_LARGEST = (960, 720)


class StateViewer(QObject):
    """Shows scene states in a ``FrameCanvas``; the viewer process is started when the first one comes.

    Everything runs on the window's thread.

    Parameters
    ----------
    canvas
        Where the pictures go.
    parent
        Owner.
    target
        Entry point of the viewer, as of ``processes.viewer``.
    """

    def __init__(self, canvas: FrameCanvas, parent: QObject, *, target: Callable[..., None] = viewer) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._scene = ""
        self.client = ViewerClient(target, self, max_size=_LARGEST, thumbnails=0)
        """Before it is started it keeps what it is told, and tells the process then."""
        self.client.frame_ready.connect(canvas.show_frame)
        self.client.ready.connect(self._ready)
        canvas.viewer_command.connect(self.client.send)
        theme.signals().changed.connect(self._paint_background)

    def show_state(self, scene: str, state: Float32Array, step: int) -> None:
        """Draw one state (float32[k]) of ``scene``; ``step`` comes back with the picture."""
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
