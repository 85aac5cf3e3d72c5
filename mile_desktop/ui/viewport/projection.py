"""Projects points of the scene on the picture.

Each frame brings the matrix it was rendered with. Overlays use that one and not the camera of now, so that they stay on
the object even while the view turns.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ARROW_M = 0.14
"""Length of the proposed-action arrow for a full push; longer than the motion of one step so that it can be read."""
_NEAR = 1e-6
"""Points with a smaller clip w are at or behind the camera, where the division would mirror them into the picture."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow in picture coordinates: 0…1 from left to right and from top to bottom."""

    start: tuple[float, float]
    end: tuple[float, float]


def project(view_projection: NDArray[np.floating], points: NDArray[np.floating]) -> NDArray[np.float64]:
    """Project world points on the picture.

    Parameters
    ----------
    view_projection : float[4, 4]
        Clip from world coordinates, acting on column vectors.
    points : float[n, 3]
        m.

    Returns
    -------
    float64[n, 2]
        0…1 from left to right and from top to bottom; NaN behind the camera.
    """
    matrix = np.asarray(view_projection, dtype=np.float64)
    homogeneous = np.column_stack([np.asarray(points, dtype=np.float64), np.ones(len(points))])
    clip = homogeneous @ matrix.T
    # OpenGL's clip space grows upwards, the picture downwards: hence the minus sign of y.
    depth = np.where(clip[:, 3] > _NEAR, clip[:, 3], np.nan)
    return np.column_stack([0.5 + 0.5 * clip[:, 0] / depth, 0.5 - 0.5 * clip[:, 1] / depth])


def action_arrow(
    view_projection: NDArray[np.floating], anchor: tuple[float, float, float], action: tuple[float, ...]
) -> Arrow | None:
    """Return the arrow of the first three entries of ``action`` from ``anchor`` (m); None where it cannot be seen."""
    if len(action) < 3 or not np.all(np.isfinite(action[:3])):
        return None
    tail = np.asarray(anchor, dtype=np.float64)
    (x0, y0), (x1, y1) = project(view_projection, np.stack([tail, tail + ARROW_M * np.asarray(action[:3])]))
    if not np.all(np.isfinite((x0, y0, x1, y1))):
        return None
    return Arrow((float(x0), float(y0)), (float(x1), float(y1)))
