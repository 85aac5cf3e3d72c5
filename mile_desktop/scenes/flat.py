"""Pictures of scenes that are flat: a few shapes in the plane, described by the scene's module and drawn by the viewer.

The plane is the world's x to the right and z up, in metres. Colours are roles, which the viewer takes from the theme.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mile_desktop.arrays import Float32Array, Float64Array

Points = Float64Array
Colour = Literal["ground", "edge", "distant", "body", "body edge", "limb", "glass", "fire", "ember", "mark", "good"]
"""Ground and its surface; the far background; the vehicle, its outline, legs and window; the outer and inner flame;
marks of the goal; a good state."""


@dataclass(frozen=True, slots=True, eq=False)
class Polygon:
    """A filled polygon."""

    points: Points
    """float64[n, 2], m."""
    colour: Colour


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line through ``points``; thinner than a pixel it is a pixel wide."""

    points: Points
    """float64[n, 2], m."""
    width: float
    """m."""
    colour: Colour


@dataclass(frozen=True, slots=True, eq=False)
class Disc:
    """A filled circle."""

    centre: tuple[float, float]
    radius: float
    """m."""
    colour: Colour


Shape = Polygon | Line | Disc


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One moment of a flat scene."""

    shapes: tuple[Shape, ...]
    """From back to front."""
    anchor: tuple[float, float]
    """Position of the driven object, m; cameras can follow it."""


DrawState = Callable[[Float32Array], Picture]
"""Scene state float32[k] → picture; raises ``ValueError`` where the state does not fit."""


def placed(points: Points, position: tuple[float, float], angle: float) -> Points:
    """Return ``points`` (float64[n, 2]) turned by ``angle`` (rad, counter-clockwise) and moved to ``position``."""
    cosine, sine = np.cos(angle), np.sin(angle)
    # Points are rows, so the matrix stands on the right, transposed.
    turned: Points = points @ np.array([[cosine, sine], [-sine, cosine]]) + position
    return turned
