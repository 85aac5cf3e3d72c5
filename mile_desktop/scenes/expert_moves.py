"""Building blocks of scripted experts: funnels, grips and clipped actions."""

import numpy as np

from mile_desktop.arrays import Float32Array, Float64Array

FIRM = 0.008
"""Squeeze for carrying, m: the maximum of the gripper."""


def ramp(value: float, low: float, high: float) -> float:
    """Return 0 below ``low``, 1 above ``high``, and a linear ramp between; used for funnels."""
    return min(max((value - low) / (high - low), 0.0), 1.0)


def action(*parts: Float64Array | float) -> Float32Array:
    """Return the parts of an action in one array, clipped to [−1, 1]."""
    clipped: Float64Array = np.clip(np.hstack(parts), -1.0, 1.0)
    return clipped.astype(np.float32)


def funnel(to_goal: Float64Array, radius: float, hover: float) -> Float64Array:
    """Return the way into a funnel around a goal, float64[3], m.

    Parameters
    ----------
    to_goal
        float64[3], m: the goal as seen from the end effector.
    radius
        Within this distance from the goal's axis the funnel leads down to the goal, m.
    hover
        Height above the goal, m, from which it is approached when the distance is 4 cm larger than ``radius``.
    """
    distance = float(np.hypot(to_goal[0], to_goal[1]))
    lifted: Float64Array = to_goal + np.array([0.0, 0.0, hover * ramp(distance, radius, radius + 0.04)])
    return lifted


def keep_hold(squeeze: float) -> float:
    """Return the gripper's command that holds an object firmly: about 0 once it is held firmly."""
    # In proportion to what is missing: a constant command would look like agreement with a robot that stands still
    # (``docs/decisions/0026-experts-command-zero-when-done.md``).
    return 250.0 * (FIRM - squeeze)


def move_fingers(opening: float, wanted: float) -> float:
    """Return the gripper's command that opens the fingers to ``wanted``, m: about 0 once they are there."""
    return 30.0 * (opening - wanted)
