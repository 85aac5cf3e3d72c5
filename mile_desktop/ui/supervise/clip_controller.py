"""Records what the view shows as a video, with everything that is drawn over it."""

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PySide6.QtCore import QObject, QPoint, QRectF, QSize, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QImage, QPainter, QRegion
from PySide6.QtWidgets import QWidget

from mile_desktop.errors import UserError
from mile_desktop.ui.shell.message_line import Level, MessageAction
from mile_desktop.ui.supervise.clip_button import ClipMark
from mile_desktop.ui.supervise.page import SupervisePage
from mile_desktop.ui.supervise.view_picture import new_picture_path
from mile_desktop.ui.viewport.tile_layout import fit_rect

if TYPE_CHECKING:
    from mile_desktop.cameras.clip import ClipEnd, ClipRecorder, Pixels

PERIOD_MS = 50
"""Twenty pictures a second: the rate of control, so that each step is seen once."""
_SHARE = 0.2
"""Share of the window's time that pictures may take: one takes 5 ms of a small view and 12 ms of one that fills a large
screen, on a busy machine more, and keys must not wait for them."""
LONGEST_S = 30 * 60.0
"""A video that was forgotten must not fill the disk: half an hour takes about 200 MB."""
_CLOSING_S = 5.0
"""How long the end of the program waits for the end of the file; the pictures that wait take a third of a second."""
_MOST_PIXELS = 1920 * 1200


class Say(Protocol):
    """Shows a message."""

    def __call__(self, level: Level, text: str, action: MessageAction | None = None) -> None:
        """Show one sentence, with an action if one helps."""
        ...


class ClipController(QObject):
    """Starts and ends the video; window's thread only, except for the encoder, which has its own.

    The window paints each picture and puts it in a short queue. Where the encoder cannot follow, pictures are left out
    and counted: the window never waits for it.

    Parameters
    ----------
    folder, scene
        Return the folder of the open workspace, if any, and the name of the scene.
    say
        Shows what became of a video.
    """

    _ended = Signal(object)
    """``ClipEnd``; emitted on the encoder's thread, received on the window's."""

    def __init__(
        self,
        page: SupervisePage,
        parent: QObject,
        *,
        folder: Callable[[], Path | None],
        scene: Callable[[], str],
        say: Say,
        clock: Callable[[], float] = time.monotonic,
        period_ms: int = PERIOD_MS,
    ) -> None:
        super().__init__(parent)
        self._page = page
        self._period_ms = period_ms
        self._folder, self._scene, self._say, self._clock = folder, scene, say, clock
        self._recorder: ClipRecorder | None = None
        self._began_s = 0.0
        self._size = QSize()
        self._why = ""
        self._mark = ClipMark(page.view)
        self._timer = QTimer(self)
        self._timer.setInterval(period_ms)
        self._timer.timeout.connect(self._add_picture)
        # Queued in any case: the encoder's thread must not run the slot.
        self._ended.connect(self._report, Qt.ConnectionType.QueuedConnection)
        page.view.arranged.connect(self._mark.place)
        page.clip.clicked.connect(self.toggle)
        page.pictures.clip_asked.connect(self.toggle)

    @property
    def recording(self) -> bool:
        """Whether a video is recorded now."""
        return self._timer.isActive()

    def toggle(self) -> None:
        """Begin a video, or end the one that is recorded."""
        if self.recording:
            self.stop()
        else:
            self.start()

    def start(self) -> None:
        """Begin a video of the view as it is now."""
        folder = self._folder()
        if folder is None:
            self._say("info", "A video is saved into the workspace; none is open yet.")
            return
        if self._recorder is not None:
            self._say("info", "The last video is still being written. Try again in a moment.")
            return
        from mile_desktop.cameras.clip import ClipRecorder  # noqa: PLC0415 - FFmpeg takes 40 MB; few record videos

        try:
            path = new_picture_path(folder, self._scene(), ".mp4", now=datetime.now().astimezone())
        except UserError as error:
            self._say("error", str(error))
            return
        self._why = ""
        self._size = _even(self._page.view)
        self._began_s = self._clock()
        self._recorder = ClipRecorder(path, self._ended.emit)
        self._timer.start()
        self._show(True)
        self._add_picture()

    def stop(self, why: str = "") -> None:
        """End the video; ``why``: a sentence on what has ended it, where that was not the person."""
        if not self.recording or self._recorder is None:
            return
        self._timer.stop()
        self._why = why
        self._recorder.stop()
        self._show(False)

    def end_with_scene(self) -> None:
        """End the video: another scene is loaded, and a video shows one."""
        self.stop("It ended with the scene.")

    def close(self) -> None:
        """End the video and wait until its file is complete; called when the window closes."""
        self.stop()
        if self._recorder is not None:
            self._recorder.join(_CLOSING_S)

    def _show(self, records: bool) -> None:
        self._mark.show_time(0.0 if records else None)
        self._page.clip.set_recording(records)
        self._page.pictures.set_recording(records)

    def _add_picture(self) -> None:
        if self._recorder is None:
            return
        now = self._clock()
        if now - self._began_s > LONGEST_S:
            self.stop(f"It ended after {LONGEST_S / 60:.0f} minutes, the most for one video.")
            return
        self._recorder.offer(picture_of(self._page.view, self._size), now)
        self._timer.setInterval(max(self._period_ms, round(1000 * (self._clock() - now) / _SHARE)))
        self._mark.show_time(now - self._began_s)
        self._mark.place()

    def _report(self, end: "ClipEnd") -> None:
        """Say what became of the video; it may also have ended by itself, on a full disk."""
        self._timer.stop()
        self._show(False)
        self._recorder = None
        show = MessageAction("Open folder", partial(QDesktopServices.openUrl, QUrl.fromLocalFile(str(end.path.parent))))
        if end.problem:
            kept = f" Its first {end.seconds:.0f} s can be played." if end.pictures > 1 else ""
            self._say("error", end.problem + kept, show)
            return
        missed = f" {end.missed} pictures are missing, because the computer was busy." if end.missed else ""
        text = f"The video ({end.seconds:.0f} s) is saved as {end.path.name} in {end.path.parent}."
        self._say("success", f"{text}{missed} {self._why}".rstrip(), show)


def picture_of(view: QWidget, size: QSize) -> "Pixels":
    """Return what ``view`` shows, without its child widgets, as ``size`` px; another shape gets bars.

    The shape changes when the window or the panel does while a video is recorded, whose size is fixed.
    """
    shown = QImage(view.size() * view.devicePixelRatioF(), QImage.Format.Format_RGB32)
    shown.setDevicePixelRatio(view.devicePixelRatioF())
    # Without children: the mark that a video is recorded is for the person and not for the video.
    view.render(shown, QPoint(), QRegion(), QWidget.RenderFlag.DrawWindowBackground)
    shown.setDevicePixelRatio(1.0)
    if shown.size() != size:
        shown = _fitted(shown, size)
    # Copied: Qt frees the picture's memory with the picture.
    return np.array(shown.constBits(), np.uint8).reshape(size.height(), size.width(), 4)


def _fitted(picture: QImage, size: QSize) -> QImage:
    canvas = QImage(size, QImage.Format.Format_RGB32)
    canvas.fill(Qt.GlobalColor.black)
    painter = QPainter(canvas)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(fit_rect(QRectF(canvas.rect()), picture.height() / max(1, picture.width())), picture)
    painter.end()
    return canvas


def _even(view: QWidget) -> QSize:
    """Return the size of a video of ``view``: its pixels, less where they are too many for the encoder beside control.

    Both are even, because H.264 halves the colours' resolution.
    """
    size = view.size() * view.devicePixelRatioF()
    shrink = min(1.0, (_MOST_PIXELS / max(1, size.width() * size.height())) ** 0.5)
    width, height = int(size.width() * shrink) // 2 * 2, int(size.height() * shrink) // 2 * 2
    return QSize(max(2, width), max(2, height))
