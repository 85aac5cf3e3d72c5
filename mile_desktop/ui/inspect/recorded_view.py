"""The viewer's picture of a recorded step, with what was going on written over it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QWidget

from mile_desktop.channels.shared import Frame
from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport import overlay
from mile_desktop.ui.viewport.frame_canvas import BORDER
from mile_desktop.ui.viewport.picture_canvas import PictureCanvas
from mile_desktop.ui.viewport.projection import Arrow, action_arrow, project
from mile_desktop.ui.viewport.symbols import paint_symbol

_EMPTY = "Choose an episode above: every recorded step can be seen here, from any side."

_CENTRED = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)


@dataclass(frozen=True, slots=True, eq=False)
class Caption:
    """What is written and drawn over a step."""

    title: str
    """In capitals, e.g. ``TAKEOVER``."""
    symbol: str
    """See ``supervise.symbols``."""
    colour: str
    text: str
    proposed: tuple[float, ...] = ()
    """What the policy proposed, for the arrow; empty: none."""
    human: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class TrackLine:
    """Where an end effector went."""

    name: str
    colour: str
    points: NDArray[np.float32]
    """float32[t, 3], m."""
    reached: int
    """How many of the points lie behind the step that is shown; these are drawn strongly."""


class RecordedView(PictureCanvas):
    """Shows frames of recorded steps; window's thread only."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Recorded step")
        self._caption: Caption | None = None
        self._tracks: tuple[TrackLine, ...] = ()
        self._problem = ""
        theme.signals().changed.connect(self.update)

    def show_caption(self, caption: Caption | None) -> None:
        """Write this over the picture; None: no episode is shown."""
        self._caption = caption
        self.update()

    def show_tracks(self, tracks: tuple[TrackLine, ...]) -> None:
        """Draw these over the picture."""
        self._tracks = tracks
        self.update()

    def show_problem(self, text: str) -> None:
        """Say in place of the picture why there is none; empty: there is one."""
        self._problem = text
        self.update()

    def sizeHint(self) -> QSize:
        """Return a size at which the scene can be read."""
        return QSize(theme.px(480), theme.px(320))

    def minimumSizeHint(self) -> QSize:
        """Return the size below which nothing can be seen."""
        return QSize(theme.px(240), theme.px(160))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 (Qt's signature)
        """Paint picture, tracks and caption."""
        painter = QPainter(self)
        caption = self._caption
        if caption is None or self._problem:
            painter.fillRect(self.rect(), theme.token("panel"))
            painter.setPen(theme.token("secondary"))
            painter.setFont(theme.font("body"))
            room = QRectF(self.rect()).adjusted(theme.px(24), 0, -theme.px(24), 0)
            painter.drawText(room, _CENTRED, self._problem or _EMPTY)
        else:
            self.paint_pictures(painter, "The scene is being loaded.")
            self._paint_caption(painter, caption)
        self.paint_focus(painter)
        painter.end()

    def paint_over_scene(self, painter: QPainter, picture: QRectF) -> None:
        """Paint tracks and what the policy proposed."""
        caption, frame = self._caption, self._frame
        if caption is not None and frame is not None:
            self._paint_tracks(painter, picture, frame)
            self._paint_arrow(painter, picture, frame, caption)

    def _paint_arrow(self, painter: QPainter, picture: QRectF, frame: Frame, caption: Caption) -> None:
        x, y, z = (float(value) for value in frame.anchor)
        arrow: Arrow | None = action_arrow(frame.view_projection, (x, y, z), caption.proposed)
        if arrow is not None:
            gripper = caption.proposed[3] if len(caption.proposed) > 3 else None
            overlay.paint_arrow(painter, picture, arrow, gripper=gripper, human=caption.human)

    def _paint_tracks(self, painter: QPainter, picture: QRectF, frame: Frame) -> None:
        named: list[QRectF] = []
        for track in self._tracks:
            places = project(frame.view_projection, track.points)
            pixels = places * (picture.width(), picture.height()) + (picture.left(), picture.top())
            visible: NDArray[np.bool_] = np.isfinite(pixels[:, 0])
            points = [QPointF(x, y) for x, y in pixels[visible].tolist()]
            reached = int(visible[: track.reached].sum())
            for part, alpha in ((points, 0.45), (points[: max(reached, 1)], 1.0)):
                painter.setPen(theme.pen(track.colour, 2.4, alpha=alpha))
                painter.drawPolyline(QPolygonF(part))
            if points:
                named.append(self._paint_end(painter, points[-1], track, named))
                painter.setBrush(theme.brush(track.colour))
                painter.drawEllipse(points[min(max(reached - 1, 0), len(points) - 1)], theme.px(4), theme.px(4))

    def _paint_end(self, painter: QPainter, end: QPointF, track: TrackLine, named: Sequence[QRectF]) -> QRectF:
        painter.setFont(theme.font("secondary", bold=True))
        width = painter.fontMetrics().horizontalAdvance(track.name)
        box = QRectF(end.x() + theme.px(6), end.y() - theme.px(8), width + theme.px(8), theme.px(16))
        box = below_all(box, named)
        overlay.plate(painter, box)
        painter.setPen(theme.token(track.colour))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, track.name)
        return box

    def _paint_caption(self, painter: QPainter, caption: Caption) -> None:
        painter.setFont(theme.font("body", bold=True))
        bold = painter.fontMetrics()
        painter.setFont(theme.font("body"))
        title_width, text_width = (
            bold.horizontalAdvance(caption.title),
            painter.fontMetrics().horizontalAdvance(caption.text),
        )
        symbol, pad = bold.capHeight(), theme.px(10)
        box = QRectF(
            BORDER + theme.px(8),
            BORDER + theme.px(8),
            pad * 4 + symbol + title_width + text_width,
            bold.height() + theme.px(8),
        )
        overlay.plate(painter, box)
        colour = theme.token(caption.colour)
        shape = QRectF(box.left() + pad, box.center().y() - symbol / 2, symbol, symbol)
        paint_symbol(painter, caption.symbol, shape, colour)
        baseline = box.center().y() + symbol / 2
        painter.setFont(theme.font("body", bold=True))
        painter.setPen(colour)
        painter.drawText(QPointF(shape.right() + pad, baseline), caption.title)
        painter.setFont(theme.font("body"))
        painter.setPen(theme.token("text"))
        painter.drawText(QPointF(shape.right() + 2 * pad + title_width, baseline), caption.text)


def below_all(box: QRectF, taken: Sequence[QRectF]) -> QRectF:
    """Return ``box``, moved down until it covers none of ``taken``: tracks often end at one place."""
    while hit := next((each for each in taken if each.intersects(box)), None):
        box = box.translated(0.0, hit.bottom() - box.top() + 1.0)
    return box
