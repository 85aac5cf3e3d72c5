"""The slew limit: the action changes gradually when control changes hands."""

import numpy as np

from mile_desktop.arrays import Float32Array

MAX_CHANGE_PER_S = 5.0
"""Largest change of an action entry, 1/s, after control changed hands: a full reversal from -1 to 1 takes 0.4 s. At
20 Hz this is 0.25 a step; the policies of the bundled scenes change an entry by up to 0.22 a step on their own."""
SETTLE_S = 0.4
"""The limit applies for at least this long after a switch, and then until the wanted action is reached."""
_REACHED = 1e-6
"""The wanted action counts as reached within float32 rounding."""


class SlewLimit:
    """Bounds the change of the action in each step after a switch; used by the loop's thread.

    Nothing is delayed: the first step after a switch already goes towards the new driver's action. Away from switches
    actions pass unchanged, so that policies and people are recorded as they drive. The bound is on the action before a
    robot's own speed ramp, which can only make the change smaller, apart from the ramp's own slow rise.

    Discrete actions pass unchanged: there is nothing between two choices.

    Parameters
    ----------
    size
        Entries of an action.
    rate_hz
        Control steps a second of the robot's own time.
    """

    def __init__(self, size: int, rate_hz: float, *, discrete: bool = False) -> None:
        self._bound = np.float32(MAX_CHANGE_PER_S / rate_hz)
        self._settle_steps = 0 if discrete else round(SETTLE_S * rate_hz)
        self._last = np.zeros(size, np.float32)
        self._steps_left = 0
        self._limiting = False
        self._discrete = discrete

    @property
    def bound(self) -> float:
        """Largest change of an entry in one step while the limit applies."""
        return float(self._bound)

    def begin(self) -> None:
        """Begin an episode: its first actions are not limited, because no other driver acted before them."""
        self._last = np.zeros_like(self._last)
        self._limiting, self._steps_left = False, 0

    def stand_still(self) -> None:
        """Start from no motion when someone drives again: the robot holds."""
        self._last = np.zeros_like(self._last)

    def switch(self) -> None:
        """Control changes hands: limit from the next step on."""
        self._limiting, self._steps_left = not self._discrete, self._settle_steps

    def limit(self, wanted: Float32Array) -> Float32Array:
        """Return the action to execute in this step, float32[a]; between the last one and ``wanted``."""
        if self._limiting:
            change = np.clip(wanted - self._last, -self._bound, self._bound)
            # Compared with what was wanted before this step's change. The limit ends when it no longer has an effect.
            reached = bool((np.abs(wanted - self._last) <= self._bound + _REACHED).all())
            self._steps_left -= 1
            self._limiting = self._steps_left > 0 or not reached
            self._last = (self._last + change).astype(np.float32)
        else:
            # Kept outside of switches, too: the limit starts from the last action that was executed.
            self._last = wanted
        return self._last
