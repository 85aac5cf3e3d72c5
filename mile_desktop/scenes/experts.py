"""Scripted experts: what a good operator would do, as a function of the observation alone.

They keep no memory and no phase, so they can take over anywhere; a deliberately flawed version of each makes the
failures that supervision is about.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mile_desktop.scenes.environment import FloatArray

Expert = Callable[[FloatArray], FloatArray]
"""Observation float32[n] → action float32[a] in [−1, 1]."""

_PEG_FRAME = 13
"""Entries of one frame of the peg-insertion observation; the last frame is the newest."""
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
    far_aim: float = 0.0
    """Aims short by this fraction of the hole's distance beyond ``far_from``."""
    far_from: float = 0.0
    """y coordinate of the hole from which on it aims short, m."""

    def __call__(self, observation: FloatArray) -> FloatArray:
        """Return the action for an observation of the peg-insertion scene."""
        frame = observation[-_PEG_FRAME:].astype(np.float64)
        opening, squeeze = float(frame[3]), float(frame[4])
        handle, to_hole = frame[5:8], frame[10:13]
        between = bool(np.abs(handle[:2]).max() < 0.016 and abs(handle[2]) < 0.025)
        holding = between and squeeze > 0.003 and 0.02 < opening < 0.05
        action = self._insert(frame[:3], to_hole) if holding else self._grasp(handle, opening)
        return np.clip(action, -1.0, 1.0).astype(np.float32)

    def _grasp(self, handle: NDArray[np.float64], opening: float) -> NDArray[np.float64]:
        distance = float(np.hypot(handle[0], handle[1]))
        height = self.hover * _ramp(distance, self.grip_radius, self.grip_radius + 0.04)
        move = self.gain * (handle + height * _UP)
        ready = distance < self.grip_radius and abs(handle[2]) < self.grip_height
        if ready:
            return np.append(0.3 * move, 1.0)
        if opening < 0.06 and distance < 0.04:
            move[2] = max(move[2], 0.0)
        return np.append(move, -1.0)

    def _insert(self, end_effector: NDArray[np.float64], to_hole: NDArray[np.float64]) -> NDArray[np.float64]:
        aim = to_hole[:2].copy()
        hole_y = float(end_effector[1] + to_hole[1])
        aim[1] -= self.far_aim * max(hole_y - self.far_from, 0.0)
        distance = float(np.hypot(aim[0], aim[1]))
        inside = to_hole[2] > 0.0 and distance < 0.012
        funnel = 1.0 if inside else 0.0
        height = self.clearance * _ramp(distance, self.entry_radius, self.entry_radius + 0.02)
        descend = 1.0 - _ramp(distance, self.entry_radius, self.entry_radius + 0.004)
        depth = self.seat_depth * max(descend, funnel)
        rise = to_hole[2] + (height if not inside else 0.0) - depth
        free = 1.0 if inside else _ramp(-float(to_hole[2]), 0.005, 0.02)
        move = self.gain * np.array([aim[0] * free, aim[1] * free, rise])
        return np.append(move, 1.0)


_FLAWS: dict[str, dict[str, PegExpert]] = {
    "peg-insertion": {
        "misses-far-sockets": PegExpert(far_aim=0.12, far_from=0.12, entry_radius=0.004),
        "grips-early": replace(PegExpert(), grip_radius=0.014, grip_height=0.03),
        "stops-short": replace(PegExpert(), seat_depth=0.035),
    }
}
_EXPERTS: dict[str, PegExpert] = {"peg-insertion": PegExpert()}


def load_expert(scene: str, flaw: str | None = None) -> Expert:
    """Return the expert of ``scene``, or a version of it with one flaw (``expert_flaws``)."""
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
