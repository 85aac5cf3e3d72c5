"""The position of the viewer's camera as a value without Qt.

Angles follow PyBullet's yaw/pitch camera: at yaw 0 the camera looks along +y, positive yaw turns it counter-clockwise
seen from above, negative pitch looks down.
"""

import math
from dataclasses import dataclass, replace

DEGREES_PER_PIXEL = 0.35
ZOOM_PER_STEP = 0.88
PITCH_RANGE = (-89.0, 20.0)
"""Degrees. At −90 "up" in the image is undefined and the view would flip; from below 20 the table hides the scene."""
DISTANCE_RANGE_M = (0.15, 6.0)
REACH_M = 3.0
"""How far the target may be panned from the origin along each axis."""


@dataclass(frozen=True, slots=True)
class Orbit:
    """A camera on a sphere around ``target``."""

    yaw_deg: float = 50.0
    pitch_deg: float = -35.0
    distance_m: float = 1.1
    target: tuple[float, float, float] = (0.5, 0.0, 0.1)
    """The point that the camera looks at, m: in the world, or from the end effector where ``follows_end_effector``."""
    follows_end_effector: bool = False
    """The camera travels with the end effector."""

    def orbited(self, right_px: float, down_px: float) -> "Orbit":
        """Return the orbit after a drag of that many pixels; the scene follows the mouse."""
        # The scene follows the mouse when the camera moves against it, hence the minus signs. The yaw wraps to
        # [−180, 180), so that turning on and on cannot make it grow.
        yaw = (self.yaw_deg - right_px * DEGREES_PER_PIXEL + 180.0) % 360.0 - 180.0
        pitch = _clamp(self.pitch_deg - down_px * DEGREES_PER_PIXEL, *PITCH_RANGE)
        return replace(self, yaw_deg=yaw, pitch_deg=pitch)

    def panned(self, right_px: float, down_px: float, height_px: int) -> "Orbit":
        """Return the orbit after dragging the scene in the image plane, in a view ``height_px`` high."""
        # At the target's distance a view of 42° is 0.77 times as high as the camera is far away. Without that factor
        # the scene moves 1.3 times as far as the mouse, which makes panning quicker.
        metres_per_pixel = self.distance_m / max(1, height_px)
        right, up = self._image_axes()
        moved = (
            position - (r * right_px - u * down_px) * metres_per_pixel
            for position, r, u in zip(self.target, right, up, strict=True)
        )
        x, y, z = (_clamp(value, -REACH_M, REACH_M) for value in moved)
        return replace(self, target=(x, y, z))

    def zoomed(self, steps: float) -> "Orbit":
        """Return the orbit after ``steps`` notches of the wheel; positive zooms in."""
        return replace(self, distance_m=_clamp(self.distance_m * ZOOM_PER_STEP**steps, *DISTANCE_RANGE_M))

    def _image_axes(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """Return the unit vectors that point right and up in the image."""
        yaw, pitch = math.radians(self.yaw_deg), math.radians(self.pitch_deg)
        right = (math.cos(yaw), math.sin(yaw), 0.0)
        up = (math.sin(yaw) * math.sin(pitch), -math.cos(yaw) * math.sin(pitch), math.cos(pitch))
        return right, up


def _clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


HOME = Orbit()
