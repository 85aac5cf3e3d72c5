"""From what the screen shows to what the robot does: directions as seen from the camera, turned into the world."""

import math

from mile_desktop.ui.viewport.orbit import Orbit


def world_from_view(right: float, away: float, yaw_deg: float) -> tuple[float, float]:
    """Return (dx, dy) in [−1, 1] of a push ``right`` and ``away`` as seen by a camera at ``yaw_deg``, see ``orbit``."""
    yaw = math.radians(yaw_deg)
    dx = right * math.cos(yaw) - away * math.sin(yaw)
    dy = right * math.sin(yaw) + away * math.cos(yaw)
    largest = max(1.0, abs(dx), abs(dy))
    return dx / largest, dy / largest


def drive(right: float, away: float, up: float, gripper: float, orbit: Orbit) -> tuple[float, float, float, float]:
    """Return the action (dx, dy, dz, gripper) of a push as seen from ``orbit``; all in [−1, 1]."""
    dx, dy = world_from_view(right, away, orbit.yaw_deg)
    return dx, dy, max(-1.0, min(1.0, up)), gripper
