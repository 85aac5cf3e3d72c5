"""What keeps motion within bounds on both sides: each axis's limit, and slow first motions."""

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.robots.description import RobotDescription


class MotionLimits:
    """Limits actions to what the robot allows now; used on the window's side and on the robot's side.

    After ``begin`` the speed rises evenly from ``slowest`` to full over ``ramp_s``. Of discrete choices exactly one is
    executed: there is no slow version of it.
    """

    def __init__(self, description: RobotDescription) -> None:
        self._limit = np.array([axis.limit for axis in description.actions], np.float32)
        self._ramp_s = description.ramp_s
        self._slowest = description.slowest
        self._began = -np.inf
        self._discrete = description.discrete

    def begin(self, now: float) -> None:
        """Allow motion from now on, slowly at first."""
        self._began = now

    def speed(self, now: float) -> float:
        """Return the share of full speed that is allowed at ``now``."""
        if self._ramp_s <= 0.0 or self._discrete:
            return 1.0
        # Cut at both ends: before ``begin`` the difference is infinite, and it would be negative after a clock error.
        risen = min(1.0, max(0.0, (now - self._began) / self._ramp_s))
        return self._slowest + (1.0 - self._slowest) * risen

    def scale(self, action: Float32Array, now: float) -> Float32Array:
        """Return the action with all entries slowed down equally, so that its direction stays (the window's side)."""
        # Slowed down first and then cut. Cut first, a large action would lose its direction before it is slowed.
        return self.cut(action * np.float32(self.speed(now)), now)

    def cut(self, action: Float32Array, now: float) -> Float32Array:
        """Return the action with every entry cut to its limit (the robot's side, for any action it receives)."""
        if self._discrete:
            chosen = np.zeros(len(action), np.float32)
            # A choice that is not exactly one-hot still becomes one: the robot must do something that is defined.
            chosen[int(action.argmax())] = 1.0
            return chosen
        bound = self._limit * np.float32(self.speed(now))
        return np.clip(action, -bound, bound).astype(np.float32)
