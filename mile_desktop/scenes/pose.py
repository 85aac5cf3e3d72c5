"""The pose of a body."""

from dataclasses import dataclass

import numpy as np

from mile_desktop.arrays import Float64Array

Array = Float64Array
"""The name that scene modules of earlier versions import."""


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """Position and heading in the world."""

    position: Float64Array
    """float64[3], m."""
    quaternion: tuple[float, float, float, float]
    """x, y, z, w."""

    @property
    def rotation(self) -> Float64Array:
        """Rotation matrix, float64[3, 3]."""
        x, y, z, w = self.quaternion
        # Divided by the squared length, so that a quaternion that is not quite normalised still gives a rotation.
        scale = 2.0 / (x * x + y * y + z * z + w * w)
        xs, ys, zs = x * scale, y * scale, z * scale
        return np.array(
            (
                (1.0 - (y * ys + z * zs), x * ys - w * zs, x * zs + w * ys),
                (x * ys + w * zs, 1.0 - (x * xs + z * zs), y * zs - w * xs),
                (x * zs - w * ys, y * zs + w * xs, 1.0 - (x * xs + y * ys)),
            )
        )
