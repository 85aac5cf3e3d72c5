"""What helps a hand to judge depth in a flat picture: what is below the gripper, what it holds, how far it is to go."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.channels.shared import AIDS

Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Aids:
    """Depth aids of one picture; travels as numbers in ``channels.shared.Frame.aids``."""

    known: bool = False
    """False for scenes without a gripper."""
    opening_m: float = 0.0
    """Distance of the fingers."""
    holding: bool = False
    """Something is between the fingers and touches both."""
    low: Point = (0.0, 0.0, 0.0)
    """Lowest point of what is held, or of the fingers, m."""
    ground_m: float = 0.0
    """Height of the surface straight below ``low``."""
    target: int = -1
    """Number of the scene's target that is aimed at now; −1: none."""
    offset: Point = (0.0, 0.0, 0.0)
    """From what is held, or from between the fingertips, to the target, m."""

    def encode(self) -> Float32Array:
        """Return the numbers that ``decode`` reads, float32[AIDS]."""
        values = (self.known, self.opening_m, self.holding, *self.low, self.ground_m, self.target, *self.offset)
        return np.array([float(value) for value in values], np.float32)

    @classmethod
    def decode(cls, values: Float32Array) -> Self:
        """Return the aids of a frame; unknown ones where there are none or a number is not finite."""
        if len(values) != AIDS or not values[0] or not np.isfinite(values).all():
            return cls()
        _, opening, holding, x, y, z, ground, target, dx, dy, dz = values.tolist()
        return cls(True, opening, bool(holding), (x, y, z), ground, round(target), (dx, dy, dz))
