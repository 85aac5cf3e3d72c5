"""From stick positions to actions: dead zone, response curve, view rotation; pure functions."""

import math
from collections.abc import Sequence

import numpy as np

from mile_desktop.arrays import Float32Array


def shape(position: float, *, dead_zone: float, expo: float) -> float:
    """Return the response in [−1, 1] to a control's ``position`` in [−1, 1].

    Zero inside ``dead_zone``; outside, the rest of the way is stretched to the full range, so that the response grows
    from 0 without a step, and bent by ``(1 − expo)·u + expo·u³``. Odd and monotone in ``position``.
    """
    # A worn stick can report more than full deflection.
    travel = min(abs(position), 1.0)
    if travel <= dead_zone:
        return 0.0
    along = (travel - dead_zone) / (1.0 - dead_zone)
    return math.copysign((1.0 - expo) * along + expo * along**3, position)


def turn_to_view(ahead: float, left: float, yaw_deg: float) -> tuple[float, float]:
    """Turn a push as seen on screen into the robot's x and y.

    ``ahead`` is away from the viewer and ``left`` to the viewer's left, both in [−1, 1]; ``yaw_deg`` is the heading of
    the camera's line of sight about the vertical, 0 looking along +x, 90 along +y. At 0, ahead is +x and left is +y
    (x away, z up). The result keeps its direction and is shortened where a turned diagonal would leave the box.
    """
    yaw = math.radians(yaw_deg)
    x = ahead * math.cos(yaw) - left * math.sin(yaw)
    y = ahead * math.sin(yaw) + left * math.cos(yaw)
    # Scaled together, so that the direction stays. Cutting each axis would bend a diagonal.
    longest = max(abs(x), abs(y), 1.0)
    return x / longest, y / longest


def fit_action(values: Sequence[float], size: int) -> Float32Array:
    """Return ``values`` as float32[size] in [−1, 1]: clipped, missing entries 0, surplus ones left out."""
    action = np.zeros(size, dtype=np.float32)
    used = min(size, len(values))
    action[:used] = values[:used]
    # Adding 0 turns −0 into 0, so that no "−0.00" is shown.
    return np.clip(action, -1.0, 1.0, out=action) + np.float32(0.0)
