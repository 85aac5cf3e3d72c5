"""Scripted experts: what a good operator would do, as a function of the observation alone.

They keep no memory and no phase, so they can take over anywhere; a deliberately flawed version of each makes the
failures that supervision is about.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mile_desktop.scenes.environment import FloatArray

Array = NDArray[np.float64]

Expert = Callable[[FloatArray], FloatArray]
"""Observation float32[n] → action float32[a] in [−1, 1]."""

_PEG_FRAME = 13
"""Entries of one frame of the peg-insertion observation; the last frame is the newest."""
_INSIDE = 0.012
"""A tip below the rim and so near the hole's axis is in the hole, m."""
_UP = np.array([0.0, 0.0, 1.0])


class UnknownExpertError(ValueError):
    """There is no scripted expert for that scene, or no flaw of that name."""


def _ramp(value: float, low: float, high: float) -> float:
    """Return 0 below ``low``, 1 above ``high``, and a straight line between."""
    return min(max((value - low) / (high - low), 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class PegExpert:
    """Grasps, lifts, carries and inserts the peg.

    Every target height is a funnel around the goal: far away it hovers, nearby it goes down, so that one rule serves
    for approaching, descending and correcting. Speeds are proportional to the distance left.
    """

    gain: float = 14.0
    """Command per metre of distance; 1 is full speed."""
    hover: float = 0.06
    """Height above the handle at which it travels to the peg, m."""
    clearance: float = 0.03
    """Height of the tip above the socket while it carries the peg, m."""
    grip_radius: float = 0.006
    """Closes the gripper when the handle is so near, m."""
    grip_height: float = 0.008
    """Closes the gripper when the handle's middle is so near in height, m."""
    entry_radius: float = 0.003
    """Goes down into the hole when the tip is so near its axis, m."""
    seat_depth: float = 0.060
    """How far below the rim it pushes the tip, m (the hole is 55 mm deep)."""
    far_from: float = 1.0
    """y coordinate from which on a hole counts as far, m."""
    far_aim: float = 0.0
    """Aims at far holes short by this fraction of how far they are beyond ``far_from``."""
    far_seat_depth: float = 0.060
    """Like ``seat_depth``, for far holes."""

    def __call__(self, observation: FloatArray) -> FloatArray:
        """Return the action for an observation of the peg-insertion scene."""
        frame = observation[-_PEG_FRAME:].astype(np.float64)
        opening, squeeze = float(frame[3]), float(frame[4])
        handle, to_hole = frame[5:8], frame[10:13]
        between = bool(np.abs(handle[:2]).max() < 0.016 and abs(handle[2]) < 0.025)
        holding = between and squeeze > 0.003 and 0.02 < opening < 0.05
        action = self._insert(frame[:3], to_hole) if holding else self._grasp(handle, opening)
        return np.clip(action, -1.0, 1.0).astype(np.float32)

    def _grasp(self, handle: Array, opening: float) -> Array:
        distance = float(np.hypot(handle[0], handle[1]))
        height = self.hover * _ramp(distance, self.grip_radius, self.grip_radius + 0.04)
        move = self.gain * (handle + height * _UP)
        ready = distance < self.grip_radius and abs(handle[2]) < self.grip_height
        if ready:
            return np.append(0.3 * move, 1.0)
        if opening < 0.06 and distance < 0.04:
            move[2] = max(move[2], 0.0)
        return np.append(move, -1.0)

    def _insert(self, end_effector: Array, to_hole: Array) -> Array:
        beyond = float(end_effector[1] + to_hole[1]) - self.far_from
        aim = to_hole[:2] - (0.0, self.far_aim * max(beyond, 0.0))
        distance = float(np.hypot(aim[0], aim[1]))
        inside = to_hole[2] > 0.0 and distance < _INSIDE
        lined_up = 1.0 if inside else 1.0 - _ramp(distance, self.entry_radius, self.entry_radius + 0.004)
        hover = 0.0 if inside else self.clearance * _ramp(distance, self.entry_radius, self.entry_radius + 0.02)
        depth = self.seat_depth if beyond < 0.0 else self.far_seat_depth
        rise = float(to_hole[2]) + hover - depth * lined_up
        # Sideways only with the tip above everything it could knock against.
        free = 1.0 if inside else _ramp(-float(to_hole[2]), 0.005, 0.02)
        return np.array([*(self.gain * free * aim), self.gain * rise, 1.0])


_EXPERTS: dict[str, PegExpert] = {"peg-insertion": PegExpert()}
_FLAWS: dict[str, dict[str, PegExpert]] = {
    "peg-insertion": {
        "misses-far-sockets": PegExpert(far_from=0.12, far_aim=0.13, entry_radius=0.004),
        "grips-early": PegExpert(grip_radius=0.015, grip_height=0.036),
        "stops-short": PegExpert(far_from=0.17, far_seat_depth=0.035),
    }
}
"""Each succeeds about every other time.

``misses-far-sockets`` sets the peg down beside the hole, the farther the socket (towards +y) the more, and tips it out
of the gripper as it pushes on. ``grips-early`` closes the gripper while still above the handle or beside it, and loses
or tilts the peg. ``stops-short`` waits with the peg halfway in the hole for sockets in the farther half.
"""


def load_expert(scene: str, flaw: str | None = None) -> Expert:
    """Return the expert of ``scene``, or a version of it with one of its ``expert_flaws``.

    Raises
    ------
    UnknownExpertError
        There is no expert for that scene, or no such flaw.
    """
    if scene not in _EXPERTS:
        raise UnknownExpertError(f"There is no expert for {scene!r}; there is one for {', '.join(_EXPERTS)}.")
    if flaw is None:
        return _EXPERTS[scene]
    if flaw not in _FLAWS[scene]:
        raise UnknownExpertError(f"There is no flaw {flaw!r} for {scene!r}; there are {', '.join(_FLAWS[scene])}.")
    return _FLAWS[scene][flaw]


def expert_flaws(scene: str) -> tuple[str, ...]:
    """Return the names of the flaws that ``load_expert`` knows for ``scene``."""
    return tuple(_FLAWS.get(scene, ()))
