"""Signs of a call's reasons, drawn where they belong in the scene. Functions without state."""

import math
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport.projection import Arrow, project

OF_TIME = frozenset({"stalled", "elapsed"})
"""Reasons that a clock at the gripper stands for."""
OF_THE_ACTION = frozenset({"p", "gathered", "disagreement"})
"""Reasons that the proposed action stands for: it is drawn a second time, in the colour of a call."""
OF_PLACES = frozenset({"near", "shipped"})
"""Reasons that rings at corrected places stand for."""
_CORRECTED = "corrected here"
_HANDS = ((0.0, 0.62), (110.0, 0.42))
"""Angle from the top, in degrees, and length as a share of the radius."""


def paint_call(painter: QPainter, area: QRectF, arrow: Arrow, kinds: AbstractSet[str]) -> None:
    """Paint the signs of the reasons ``kinds`` at the gripper, where ``arrow`` starts, over the picture at ``area``."""
    if kinds & OF_THE_ACTION:
        _paint_doubted_action(painter, area, arrow)
    if kinds & OF_TIME:
        _paint_clock(painter, _pixel(area, arrow.start) + QPointF(theme.px(26), -theme.px(26)))


def paint_places(
    painter: QPainter, area: QRectF, view_projection: NDArray[np.floating], places: Sequence[tuple[float, float, float]]
) -> None:
    """Mark where a person took over in states like this one: a ring at each place, named at the nearest one."""
    if not places:
        return
    points = [_pixel(area, (x, y)) for x, y in project(view_projection, np.array(places)).tolist() if math.isfinite(x)]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for point in points:
        painter.setPen(theme.pen("asking", 2.0))
        painter.drawEllipse(point, theme.px(7), theme.px(7))
        painter.setBrush(theme.brush("asking"))
        painter.drawEllipse(point, theme.px(2), theme.px(2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
    if points:
        painter.setFont(theme.font("secondary", bold=True))
        width = painter.fontMetrics().horizontalAdvance(_CORRECTED) + theme.px(8)
        box = QRectF(points[0].x() + theme.px(10), points[0].y() - theme.px(9), width, theme.px(18))
        painter.fillRect(box, theme.brush("ground", 0.85))
        painter.setPen(theme.token("asking"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, _CORRECTED)


def _paint_doubted_action(painter: QPainter, area: QRectF, arrow: Arrow) -> None:
    start, end = _pixel(area, arrow.start), _pixel(area, arrow.end)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
    painter.setPen(theme.pen("asking", 2.0, dashed=True))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    along = end - start
    length = max(1.0, math.hypot(along.x(), along.y()))
    across = QPointF(-along.y(), along.x()) / length * theme.px(7)
    for side in (across, -across):
        painter.drawLine(start + side, end + side)


def _paint_clock(painter: QPainter, centre: QPointF) -> None:
    radius = theme.px(11)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
    painter.setPen(theme.pen("asking", 2.0))
    painter.setBrush(theme.brush("ground", 0.85))
    painter.drawEllipse(centre, radius, radius)
    for angle, share in _HANDS:
        turn = math.radians(angle)
        painter.drawLine(centre, centre + QPointF(math.sin(turn), -math.cos(turn)) * radius * share)


def _pixel(area: QRectF, point: tuple[float, float]) -> QPointF:
    return QPointF(area.left() + point[0] * area.width(), area.top() + point[1] * area.height())
