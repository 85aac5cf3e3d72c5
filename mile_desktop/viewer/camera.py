"""Cameras as matrices: row-major, ``clip = projection @ view @ (x, y, z, 1)``, depth −1 to 1 as in OpenGL."""

import math
from dataclasses import dataclass

import numpy as np

from mile_desktop.arrays import Float32Array, Float64Array

Matrix = Float32Array
Vector = tuple[float, float, float]

# A narrow range: the depth buffer divides its precision over it.
NEAR_M = 0.02
FAR_M = 12.0
NARROWEST = 4 / 3
"""Width by height of the picture for which viewpoints are made."""


@dataclass(frozen=True, slots=True)
class View:
    """A camera on a sphere around the point it looks at; angles as in PyBullet's yaw/pitch camera, z up."""

    yaw_deg: float
    """0 looks along +y; positive turns counter-clockwise seen from above."""
    pitch_deg: float
    """Negative looks down."""
    distance_m: float
    target: Vector
    """Point looked at, m."""
    fov_deg: float = 42.0
    """Vertical field of view of pictures that are ``NARROWEST`` or wider."""
    hides_arm: bool = False
    """Of the robot, only the fingers are drawn; PyBullet's own renderer draws the arm all the same."""

    @property
    def forward(self) -> Vector:
        """Unit vector from the camera to the target."""
        yaw, pitch = math.radians(self.yaw_deg), math.radians(self.pitch_deg)
        return -math.sin(yaw) * math.cos(pitch), math.cos(yaw) * math.cos(pitch), math.sin(pitch)

    @property
    def eye(self) -> Vector:
        """Position of the camera, m."""
        x, y, z = (t - f * self.distance_m for t, f in zip(self.target, self.forward, strict=True))
        return x, y, z

    def view_matrix(self) -> Matrix:
        """Return float32[4, 4], world to camera (looking along −z, y up)."""
        # Written out instead of a general look-at: with a camera straight above, that would divide by zero.
        yaw, pitch = math.radians(self.yaw_deg), math.radians(self.pitch_deg)
        right = np.array([math.cos(yaw), math.sin(yaw), 0.0])
        up = np.array([math.sin(yaw) * math.sin(pitch), -math.cos(yaw) * math.sin(pitch), math.cos(pitch)])
        return _rigid(np.stack([right, up, -np.array(self.forward)]), np.array(self.eye))

    def projection_matrix(self, aspect: float) -> Matrix:
        """Return float32[4, 4] for a picture ``aspect`` times as wide as high.

        A picture narrower than ``NARROWEST`` keeps the full width of that shape and shows more above and below.
        Otherwise its sides would be cut off.
        """
        matrix = perspective(self.fov_deg, max(aspect, NARROWEST))
        # The width decides, and the height follows from it.
        matrix[1, 1] = matrix[0, 0] * aspect
        return matrix

    def view_projection(self, aspect: float) -> Matrix:
        """Return ``projection @ view``, float32[4, 4]."""
        return self.projection_matrix(aspect) @ self.view_matrix()


def _rigid(rows: Float64Array, eye: Float64Array) -> Matrix:
    matrix = np.eye(4, dtype=np.float32)
    matrix[:3, :3] = rows
    matrix[:3, 3] = -rows @ eye
    return matrix


def perspective(fov_deg: float, aspect: float) -> Matrix:
    """Return OpenGL's perspective projection, float32[4, 4]."""
    scale = 1.0 / math.tan(math.radians(fov_deg) / 2.0)
    matrix = np.zeros((4, 4), np.float32)
    matrix[0, 0], matrix[1, 1] = scale / aspect, scale
    matrix[2, 2] = (FAR_M + NEAR_M) / (NEAR_M - FAR_M)
    matrix[2, 3] = 2.0 * FAR_M * NEAR_M / (NEAR_M - FAR_M)
    matrix[3, 2] = -1.0
    return matrix


def light_matrix(direction: Vector, centre: Vector, radius_m: float) -> Matrix:
    """Return the parallel projection of a light, float32[4, 4], that covers a ball.

    Parameters
    ----------
    direction
        From the scene to the light.
    centre, radius_m
        The ball, m.
    """
    towards = np.array(direction) / np.linalg.norm(direction)
    side = np.cross([0.0, 1.0, 0.0], towards)
    side /= np.linalg.norm(side)
    matrix = _rigid(np.stack([side, np.cross(towards, side), towards]), np.array(centre))
    # Scaled to the clip space of −1 to 1, in which a parallel projection needs no division.
    matrix[:3] /= radius_m
    # OpenGL's depth grows away from the eye, the light's axis towards it.
    matrix[2] *= -1.0
    return matrix
