"""The picture of a recorded step with a caption, the proposed action and the paths of the end effector."""

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

_EMPTY = "Choose an episode above. Each of its steps can be viewed here from any side."

_CENTRED = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)


@dataclass(frozen=True, slots=True, eq=False)
class Caption:
    """Text and arrow over a step."""

    title: str
    """In capitals, e.g. ``TAKEOVER``."""
    symbol: str
    """See ``viewport.symbols``."""
    colour: str
    text: str
    proposed: tuple[float, ...] = ()
    """Action that the policy proposed, for the arrow; empty: no arrow."""
    human: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PathLine:
    """The path of an end effector."""

    name: str
    colour: str
    points: NDArray[np.float32]
    """float32[t, 3], m."""
    reached: int
    """How many of the points lie before the step that is shown; these are drawn without transparency."""


class RecordedView(PictureCanvas):
    """Shows frames of recorded steps; window's thread only."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Recorded step")
        self._caption: Caption | None = None
        self._path_lines: tuple[PathLine, ...] = ()
        self._problem = ""
        theme.signals().changed.connect(self.update)

    def show_caption(self, caption: Caption | None) -> None:
        """Show this over the picture; None: no episode is shown."""
        self._caption = caption
        self.update()

    def show_path_lines(self, lines: tuple[PathLine, ...]) -> None:
        """Draw these lines over the picture."""
        self._path_lines = lines
        self.update()

    def show_problem(self, text: str) -> None:
        """Show why there is no picture, in its place; empty: show the picture."""
        self._problem = text
        self.update()

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(theme.px(480), theme.px(320))

    def minimumSizeHint(self) -> QSize:
        """Return the size below which the picture is useless."""
        return QSize(theme.px(240), theme.px(160))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 (Qt's signature)
        """Paint picture, path lines and caption."""
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
        """Paint path lines and the proposed action."""
        caption, frame = self._caption, self._frame
        if caption is not None and frame is not None:
            self._paint_path_lines(painter, picture, frame)
            self._paint_arrow(painter, picture, frame, caption)

    def _paint_arrow(self, painter: QPainter, picture: QRectF, frame: Frame, caption: Caption) -> None:
        x, y, z = (float(value) for value in frame.anchor)
        arrow: Arrow | None = action_arrow(frame.view_projection, (x, y, z), caption.proposed)
        if arrow is not None:
            gripper = caption.proposed[3] if len(caption.proposed) > 3 else None
            overlay.paint_arrow(painter, picture, arrow, gripper=gripper, human=caption.human)

    def _paint_path_lines(self, painter: QPainter, picture: QRectF, frame: Frame) -> None:
        labels: list[QRectF] = []
        for line in self._path_lines:
            # By the matrix of the shown frame: while the view turns, lines and picture stay together.
            points_2d = project(frame.view_projection, line.points)
            pixels = points_2d * (picture.width(), picture.height()) + (picture.left(), picture.top())
            # points behind the camera have no place in the picture
            visible: NDArray[np.bool_] = np.isfinite(pixels[:, 0])
            points = [QPointF(x, y) for x, y in pixels[visible].tolist()]
            reached = int(visible[: line.reached].sum())
            # the whole line faintly, and the part up to the shown step over it
            for part, alpha in ((points, 0.45), (points[: max(reached, 1)], 1.0)):
                painter.setPen(theme.pen(line.colour, 2.4, alpha=alpha))
                painter.drawPolyline(QPolygonF(part))
            if points:
                labels.append(self._paint_label(painter, points[-1], line, labels))
                painter.setBrush(theme.brush(line.colour))
                # A dot where the end effector is at the shown step.
                painter.drawEllipse(points[min(max(reached - 1, 0), len(points) - 1)], theme.px(4), theme.px(4))

    def _paint_label(self, painter: QPainter, end: QPointF, line: PathLine, labels: Sequence[QRectF]) -> QRectF:
        painter.setFont(theme.font("secondary", bold=True))
        width = painter.fontMetrics().horizontalAdvance(line.name)
        box = QRectF(end.x() + theme.px(6), end.y() - theme.px(8), width + theme.px(8), theme.px(16))
        box = below_all(box, labels)
        overlay.plate(painter, box)
        painter.setPen(theme.token(line.colour))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, line.name)
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
    """Return ``box``, moved down until it covers none of ``taken``: path lines often end at the same place."""
    while hit := next((each for each in taken if each.intersects(box)), None):
        box = box.translated(0.0, hit.bottom() - box.top() + 1.0)
    return box
