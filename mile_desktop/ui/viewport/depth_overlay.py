"""Depth aids over the scene: a drop line with a marker on the surface below, and distances. Functions without state."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPolygonF

from mile_desktop.ui.theme import theme
from mile_desktop.ui.viewport import overlay
from mile_desktop.ui.viewport.hand_frame import hand_directions
from mile_desktop.ui.viewport.projection import project
from mile_desktop.viewer.aids import Aids

_RING_M = 0.012
"""Radius of the marker on the surface: that of the peg's shaft."""
_CORNERS = 24
_NEAR_MM = 2.0
"""Distances below this are not worth a key press and are left out."""


def distance_text(aids: Aids, title: str, yaw_deg: float) -> str:
    """Return ``hole: 12 mm right, 5 mm away, 31 mm down`` as seen by a camera at ``yaw_deg``; empty without target."""
    if aids.target < 0 or not title:
        return ""
    directions = hand_directions(yaw_deg)
    parts = []
    for positive, negative in (("right", "left"), ("away", "near"), ("up", "down")):
        along = 1000.0 * float(np.dot(aids.offset, directions[positive]))
        if abs(along) >= _NEAR_MM:
            parts.append(f"{abs(along):.0f} mm {positive if along > 0 else negative}")
    return f"{title}: {', '.join(parts) or 'there'}"


def gripper_text(aids: Aids) -> str:
    """Return what the gripper does, and how far it is above the surface: ``Holding · 84 mm above the surface``."""
    grip = "Holding" if aids.holding else f"Gripper open {1000.0 * max(0.0, aids.opening_m):.0f} mm"
    height = 1000.0 * max(0.0, aids.low[2] - aids.ground_m)
    return f"{grip} · {height:.0f} mm above the surface"


def paint_drop_line(
    painter: QPainter, area: QRectF, view_projection: NDArray[np.floating], aids: Aids, *, holding: str = "success"
) -> None:
    """Paint the line from the lowest point straight down, and a ring where it meets the surface."""
    x, y, top = aids.low
    angles = np.linspace(0.0, 2.0 * np.pi, _CORNERS)
    ring = np.stack(
        [x + _RING_M * np.cos(angles), y + _RING_M * np.sin(angles), np.full(_CORNERS, aids.ground_m)], axis=1
    )
    points = project(view_projection, np.vstack([[(x, y, top), (x, y, aids.ground_m)], ring]))
    if not np.isfinite(points).all():
        return
    pixels = [
        QPointF(area.left() + across * area.width(), area.top() + down * area.height())
        for across, down in points.tolist()
    ]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    colour = holding if aids.holding else "threshold"
    # A dark line below keeps the aids visible on a bright table.
    for pen in (theme.pen("shade", 4.0, alpha=0.4), theme.pen(colour, 1.6)):
        painter.setPen(pen)
        painter.drawLine(pixels[0], pixels[1])
        painter.drawPolyline(QPolygonF(pixels[2:]))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.brush(colour))
    painter.drawEllipse(pixels[1], theme.px(2), theme.px(2))


def paint_read_out(painter: QPainter, area: QRectF, lines: tuple[str, ...], below: float) -> float:
    """Paint the read-out at the left edge, below badge and reason, which end at ``below`` (px); return its end."""
    painter.setFont(theme.font("secondary", bold=True))
    metrics = painter.fontMetrics()
    shown = [line for line in lines if line]
    if not shown:
        return below
    width = max(metrics.horizontalAdvance(line) for line in shown) + theme.px(20)
    box = QRectF(
        area.left() + theme.px(overlay.MARGIN),
        max(area.top() + theme.px(84), below + theme.px(4)),
        min(width, area.width() - theme.px(2 * overlay.MARGIN)),
        metrics.height() * len(shown) + theme.px(8),
    )
    overlay.plate(painter, box)
    painter.setPen(theme.token("text"))
    inside = box.adjusted(theme.px(10), theme.px(4), -theme.px(4), 0)
    for number, line in enumerate(shown):
        row = QRectF(inside.left(), inside.top() + number * metrics.height(), inside.width(), metrics.height())
        painter.drawText(row, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), line)
    return box.bottom()
