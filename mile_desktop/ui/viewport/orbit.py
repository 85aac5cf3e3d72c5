"""Where the viewer's camera stands, as a value: no Qt, no matrices kept.

Angles follow PyBullet's yaw/pitch camera: at yaw 0 the camera looks along +y, positive yaw turns it counter-clockwise
seen from above, negative pitch looks down.
"""

import math
from dataclasses import dataclass, replace

DEGREES_PER_PIXEL = 0.35
ZOOM_PER_STEP = 0.88
PITCH_RANGE = (-89.0, 20.0)
DISTANCE_RANGE_M = (0.15, 6.0)
REACH_M = 3.0
"""How far the point looked at may be panned from the origin along each axis."""


@dataclass(frozen=True, slots=True)
class Orbit:
    """A camera on a sphere around ``target``."""

    yaw_deg: float = 50.0
    pitch_deg: float = -35.0
    distance_m: float = 1.1
    target: tuple[float, float, float] = (0.5, 0.0, 0.1)
    """The point looked at, m."""

    def orbited(self, right_px: float, down_px: float) -> "Orbit":
        """Return the orbit after a drag by so many pixels; the scene follows the mouse."""
        yaw = (self.yaw_deg - right_px * DEGREES_PER_PIXEL + 180.0) % 360.0 - 180.0
        pitch = _clamp(self.pitch_deg - down_px * DEGREES_PER_PIXEL, *PITCH_RANGE)
        return replace(self, yaw_deg=yaw, pitch_deg=pitch)

    def panned(self, right_px: float, down_px: float, height_px: int) -> "Orbit":
        """Return the orbit after dragging the scene in the image plane, in a view ``height_px`` high."""
        metres_per_pixel = self.distance_m / max(1, height_px)
        right, up = self._image_axes()
        moved = (
            place - (r * right_px - u * down_px) * metres_per_pixel
            for place, r, u in zip(self.target, right, up, strict=True)
        )
        x, y, z = (_clamp(value, -REACH_M, REACH_M) for value in moved)
        return replace(self, target=(x, y, z))

    def zoomed(self, steps: float) -> "Orbit":
        """Return the orbit after turning the wheel by ``steps`` notches; positive comes closer."""
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
