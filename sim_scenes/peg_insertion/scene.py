"""Grasp the peg, carry it over the socket and push it in until it is seated."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mile_desktop.arrays import Float32Array, Float64Array
from mile_desktop.scenes.expert_moves import action, funnel, ramp
from mile_desktop.scenes.task import HAND, Measurement, Situation, Task, offset

TIP_DEPTH = 0.0975
"""Tip of the peg below its origin, the middle of the handle, m (peg.urdf)."""
SOCKET_FLOOR = 0.005
"""Bottom of the hole above the socket's origin, m (socket.urdf)."""
SOCKET_RIM = 0.060
"""Top of the socket above its origin, m."""

_RIM = np.array([0.0, 0.0, SOCKET_RIM])
_SEATED_HEIGHT = 0.006
"""The tip may be this far above the bottom of the hole (of 55 mm), m."""
_SEATED_OFFSET = 0.006
"""The tip may be this far from the axis of the hole, m; the shaft has 3 mm of play, a little more in the corners."""
_SEATED_UPRIGHT = 0.99
"""Least cosine of the peg's tilt (8°)."""


class PegInsertion(Task):
    """The peg is seated.

    The peg is held by friction alone. It is seated when its tip is within 6 mm of the bottom of the 55 mm deep hole and
    of the hole's axis, upright within 8°, for five consecutive steps (a quarter of a second). The gripper may still
    hold it. The only way to such a pose is through the hole.
    """

    measurements: ClassVar[tuple[Measurement, ...]] = (
        *HAND,
        *offset("handle - end effector"),
        Measurement("peg axis x", -1.0, 1.0),
        Measurement("peg axis y", -1.0, 1.0),
        *offset("hole - peg tip"),
    )

    def measure(self, now: Situation) -> Float64Array:
        """Return the hand, the peg relative to it, and the hole relative to the peg's tip."""
        peg = now.bodies.pose("peg")
        axis = peg.rotation[:, 2]
        rim = now.bodies.pose("socket").position + _RIM
        to_hole = rim - (peg.position - TIP_DEPTH * axis)
        return np.concatenate((now.hand, peg.position - now.end_effector, axis[:2], to_hole))

    def is_done(self, now: Situation) -> bool:
        """Return whether the peg is seated."""
        peg, socket = now.bodies.pose("peg"), now.bodies.pose("socket")
        axis = peg.rotation[:, 2]
        tip = socket.rotation.T @ (peg.position - TIP_DEPTH * axis - socket.position)
        seated = tip[2] < SOCKET_FLOOR + _SEATED_HEIGHT and max(abs(tip[0]), abs(tip[1])) < _SEATED_OFFSET
        return bool(seated and axis[2] > _SEATED_UPRIGHT)


_FRAME = len(PegInsertion.measurements)
_INSIDE = 0.012
"""A tip that is below the rim and nearer to the hole's axis than this is in the hole, m."""


@dataclass(frozen=True, slots=True)
class PegExpert:
    """Grasps, lifts, carries and inserts the peg.

    Every target height is a funnel around the goal: high far away, low nearby. One rule is then enough to approach, to
    come down and to correct. Speeds are proportional to the remaining distance.
    """

    gain: float = 14.0
    """Command per metre of distance; 1 is full speed."""
    hover: float = 0.06
    """Height above the handle at which it travels to the peg, m."""
    clearance: float = 0.03
    """Height of the tip above the socket while it carries the peg, m."""
    grip_radius: float = 0.006
    """Closes the gripper when the handle is nearer than this, m."""
    grip_height: float = 0.008
    """Closes the gripper when the handle's middle is nearer than this in height, m."""
    entry_radius: float = 0.003
    """Goes down into the hole when the tip is nearer than this to its axis, m."""
    seat_depth: float = 0.060
    """How far below the rim it pushes the tip, m (the hole is 55 mm deep)."""
    far_from: float = 1.0
    """y coordinate from which a hole counts as far, m."""
    far_aim: float = 0.0
    """Aims short of far holes, by this fraction of their distance beyond ``far_from``."""
    far_seat_depth: float = 0.060
    """Like ``seat_depth``, for far holes."""

    def __call__(self, observation: Float32Array) -> Float32Array:
        """Return the action for an observation of the peg-insertion scene."""
        frame = observation[-_FRAME:].astype(np.float64)
        opening, squeeze = float(frame[3]), float(frame[4])
        handle, to_hole = frame[5:8], frame[10:13]
        between = bool(np.abs(handle[:2]).max() < 0.016 and abs(handle[2]) < 0.025)
        holding = between and squeeze > 0.003 and 0.02 < opening < 0.05
        return self._insert(frame[:3], to_hole) if holding else self._grasp(handle, opening)

    def _grasp(self, handle: Float64Array, opening: float) -> Float32Array:
        distance = float(np.hypot(handle[0], handle[1]))
        move = self.gain * funnel(handle, self.grip_radius, self.hover)
        ready = distance < self.grip_radius and abs(handle[2]) < self.grip_height
        if ready:
            return action(0.3 * move, 1.0)
        if opening < 0.06 and distance < 0.04:
            move[2] = max(move[2], 0.0)
        return action(move, -1.0)

    def _insert(self, end_effector: Float64Array, to_hole: Float64Array) -> Float32Array:
        beyond = float(end_effector[1] + to_hole[1]) - self.far_from
        aim = to_hole[:2] - (0.0, self.far_aim * max(beyond, 0.0))
        distance = float(np.hypot(aim[0], aim[1]))
        inside = to_hole[2] > 0.0 and distance < _INSIDE
        lined_up = 1.0 if inside else 1.0 - ramp(distance, self.entry_radius, self.entry_radius + 0.004)
        hover = 0.0 if inside else self.clearance * ramp(distance, self.entry_radius, self.entry_radius + 0.02)
        depth = self.seat_depth if beyond < 0.0 else self.far_seat_depth
        rise = float(to_hole[2]) + hover - depth * lined_up
        # Sideways only while the tip is above everything that it could hit.
        free = 1.0 if inside else ramp(-float(to_hole[2]), 0.005, 0.02)
        return action(self.gain * free * aim, self.gain * rise, 1.0)


TASK = PegInsertion
EXPERT = PegExpert()
FLAWS = {
    "misses-far-sockets": PegExpert(far_from=0.12, far_aim=0.13, entry_radius=0.004),
    "grips-early": PegExpert(grip_radius=0.015, grip_height=0.036),
    "stops-short": PegExpert(far_from=0.17, far_seat_depth=0.035),
}
"""Each one succeeds in about half of the episodes.

``misses-far-sockets`` sets the peg down beside the hole, more so for sockets farther away (towards +y), and tips it out
of the gripper as it pushes on. ``grips-early`` closes the gripper while it is still above or beside the handle, and
loses or tilts the peg. ``stops-short`` waits with the peg halfway in the hole if the socket is in the farther half.
"""
