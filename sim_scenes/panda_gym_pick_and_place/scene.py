"""An expert for panda-gym's pick and place: it has no memory, so it can take over anywhere."""

import numpy as np

from mile_desktop.arrays import Float32Array, Float64Array
from mile_desktop.scenes.expert_moves import action, funnel

_METRES_A_STEP = 0.05
"""Displacement of a full action."""
_GAIN = 0.6
"""Share of the way that is commanded: with 1 the arm overshoots and pushes the cube."""
_ABOVE_M = 0.08
_NEAR_M = 0.012
_HELD_M = 0.03
"""The cube is in the grip if it is this close to the hand and the fingers are not open."""
_OPEN_M = 0.05
OPEN, CLOSE = 1.0, -1.0


def bring_to_goal(observation: Float32Array) -> Float32Array:
    """Return the action (dx, dy, dz, grip) in [−1, 1] for an observation of the scene."""
    cube, goal, hand, opening = observation[0:3], observation[3:6], observation[6:9], float(observation[12])
    to_cube = cube - hand
    if float(np.linalg.norm(to_cube)) < _HELD_M and opening < _OPEN_M:
        return _action(goal - cube, CLOSE)
    if float(np.linalg.norm(to_cube)) < _NEAR_M:
        return _action(to_cube, CLOSE)
    return _action(funnel(to_cube.astype(np.float64), _NEAR_M, _ABOVE_M), OPEN)


def _action(way: Float32Array | Float64Array, grip: float) -> Float32Array:
    return action(_GAIN * way.astype(np.float64) / _METRES_A_STEP, grip)


EXPERT = bring_to_goal
