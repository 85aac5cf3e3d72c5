"""The directions in which a hand drives, drawn at the gripper: arrows with the keys' names. Functions without state."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport import overlay
from mile_desktop.ui.viewport.projection import project

_LENGTH_M = 0.07
"""Length of an arrow: longer than a finger is wide, shorter than the proposed action's."""
_SHORTEST_PX = 16.0
"""A shorter arrow points at the camera or away from it; its label would lie on the gripper."""
_BESIDE = 24
"""The arrows for up and down stand so many pixels (at 100 %) to the right where those for away and near cover them."""
_KEYS = {"away": "W", "near": "S", "left": "A", "right": "D", "up": "E", "down": "Q"}
_STICKS = {"away": "stick ↑", "near": "stick ↓", "left": "stick ←", "right": "stick →", "up": "up", "down": "down"}
LABELS: Mapping[str, Mapping[str, str]] = {"gamepad": _STICKS, "screen": _STICKS}
"""Kind of device → names of the directions; keys for every other kind."""


@dataclass(frozen=True, slots=True)
class HandArrow:
    """One direction in which the hand drives, in picture coordinates: 0…1 from left to right and top to bottom."""

    direction: str
    """``away``, ``near``, ``left``, ``right``, ``up`` or ``down``."""
    start: tuple[float, float]
    end: tuple[float, float]


def hand_directions(yaw_deg: float) -> dict[str, tuple[float, float, float]]:
    """Return the world direction (unit vectors, z up) of each push as seen by a camera at ``yaw_deg``."""
    yaw = math.radians(yaw_deg)
    # Without the pitch: a push away stays level, however steeply the camera looks down.
    right, away = (math.cos(yaw), math.sin(yaw), 0.0), (-math.sin(yaw), math.cos(yaw), 0.0)
    return {
        "away": away,
        "near": (-away[0], -away[1], 0.0),
        "right": right,
        "left": (-right[0], -right[1], 0.0),
        "up": (0.0, 0.0, 1.0),
        "down": (0.0, 0.0, -1.0),
    }


def hand_arrows(
    view_projection: NDArray[np.floating], anchor: Sequence[float], yaw_deg: float
) -> tuple[HandArrow, ...]:
    """Return the arrows of the six pushes from ``anchor`` (m); none of a gripper that is behind the camera."""
    directions = hand_directions(yaw_deg)
    tail = np.asarray(anchor, dtype=np.float64)
    tips = tail + _LENGTH_M * np.array(list(directions.values()))
    start, *ends = project(view_projection, np.vstack([tail, tips])).tolist()
    if not all(math.isfinite(value) for value in start):
        return ()
    found = zip(directions, ends, strict=True)
    return tuple(
        HandArrow(name, (start[0], start[1]), (end[0], end[1])) for name, end in found if all(map(math.isfinite, end))
    )


def paint_hand_frame(painter: QPainter, area: QRectF, arrows: Sequence[HandArrow], device: str) -> None:
    """Paint ``arrows`` with the names of the keys or sticks of ``device`` over the picture at ``area``."""
    labels = LABELS.get(device, _KEYS)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
    beside = QPointF(theme.px(_BESIDE) if _covers_up(area, arrows) else 0.0, 0.0)
    for arrow in arrows:
        shift = beside if arrow.direction in {"up", "down"} else QPointF()
        start, end = _pixel(area, arrow.start) + shift, _pixel(area, arrow.end) + shift
        delta = end - start
        length = math.hypot(delta.x(), delta.y())
        if length >= _SHORTEST_PX:
            _paint_arrow(painter, start, end, delta / length)
            _paint_label(painter, end + delta / length * theme.px(14), labels[arrow.direction])


def _covers_up(area: QRectF, arrows: Sequence[HandArrow]) -> bool:
    """Whether *away* and *up* are one above the other in the picture, as in a camera that looks along the table."""
    ends = {arrow.direction: _pixel(area, arrow.end) for arrow in arrows}
    return {"away", "up"} <= set(ends) and abs(ends["away"].x() - ends["up"].x()) < theme.px(_BESIDE)


def _paint_arrow(painter: QPainter, start: QPointF, end: QPointF, along: QPointF) -> None:
    across = QPointF(-along.y(), along.x())
    head = theme.px(6)
    # The first third is left out, so that the six arrows do not cover the fingers.
    begin = start + (end - start) * 0.34
    # The wider dark one first, so that the arrows stand out on a picture of their own colour.
    for pen in (theme.pen("shade", 4.0, alpha=0.4), theme.pen("takeover", 2.0)):
        painter.setPen(pen)
        painter.drawLine(begin, end)
        painter.drawLine(end, end - along * head + across * head * 0.6)
        painter.drawLine(end, end - along * head - across * head * 0.6)


def _paint_label(painter: QPainter, centre: QPointF, text: str) -> None:
    painter.setFont(theme.font("secondary", bold=True))
    metrics = painter.fontMetrics()
    box = QRectF(0, 0, max(metrics.horizontalAdvance(text) + theme.px(8), metrics.height()), metrics.height())
    box.moveCenter(centre)
    overlay.plate(painter, box)
    painter.setPen(theme.token("takeover"))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def _pixel(area: QRectF, point: tuple[float, float]) -> QPointF:
    return QPointF(area.left() + point[0] * area.width(), area.top() + point[1] * area.height())
