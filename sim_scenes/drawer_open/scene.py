"""Take the upper drawer by its handle and pull it open."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mile_desktop.arrays import Float32Array, Float64Array
from mile_desktop.scenes.expert_moves import action, funnel, keep_hold, move_fingers
from mile_desktop.scenes.task import HAND, Measurement, Situation, Task, offset

HANDLE = np.array([0.0, -0.060, 0.100])
"""Middle of the handle of the closed drawer in the cabinet's frame, m (cabinet.urdf)."""
OPEN = 0.12
"""How far the drawer has to be out, of 0.15 m."""


class DrawerOpening(Task):
    """The drawer is open.

    The drawer slides on a joint with dry friction and damping and has no latch, so it stays where it is left. It is
    open when it is out by 120 of 150 mm for five consecutive steps (a quarter of a second). It can only be pulled by
    its handle: the rest of it is inside the cabinet.
    """

    measurements: ClassVar[tuple[Measurement, ...]] = (
        *HAND,
        *offset("handle - end effector"),
        Measurement("opening direction x", -1.0, 1.0),
        Measurement("opening direction y", -1.0, 1.0),
        Measurement("drawer opening (m)", 0.0, 0.2),
    )

    def measure(self, now: Situation) -> Float64Array:
        """Return the hand, the handle relative to it, the direction in which the drawer opens, and its opening."""
        cabinet, out = now.bodies.pose("cabinet"), now.bodies.joint("cabinet", "slide").position
        rotation = cabinet.rotation
        direction = -rotation[:, 1]
        to_handle = cabinet.position + rotation @ HANDLE + out * direction - now.end_effector
        return np.array((*now.hand, *to_handle, *direction[:2], out))

    def is_done(self, now: Situation) -> bool:
        """Return whether the drawer is open."""
        return now.bodies.joint("cabinet", "slide").position > OPEN


_FRAME = len(DrawerOpening.measurements)


@dataclass(frozen=True, slots=True)
class DrawerExpert:
    """Comes down over the handle with open fingers, closes them and pulls along the drawer's direction.

    One funnel around the handle is enough to approach it, to come down and to correct, as for the peg.
    """

    gain: float = 14.0
    """Command per metre of distance; 1 is full speed."""
    hover: float = 0.07
    """Height above the handle at which it travels, m."""
    spread: float = 0.056
    """Opening of the gripper with which it comes down over the handle, m."""
    grip_radius: float = 0.008
    """Closes the gripper when the handle is nearer than this in the horizontal plane, m."""
    grip_height: float = 0.010
    """Closes the gripper when the handle is nearer than this in height, m."""
    pull: float = 0.7
    """Command with which it pulls; 1 is full speed."""
    until: float = 0.14
    """Pulls until the drawer is this far out, m."""
    turned_from: float = 1.0
    """Sine of the angle from which a cabinet counts as turned, to either side."""
    turned_aim: float = 0.0
    """Aims this far in front of the handles of turned cabinets, m."""
    near_from: float = -1.0
    """x coordinate up to which a handle counts as near the robot, m."""
    near_until: float = 0.14
    """Like ``until``, for near handles."""

    def __call__(self, observation: Float32Array) -> Float32Array:
        """Return the action for an observation of the drawer-opening scene."""
        frame = observation[-_FRAME:].astype(np.float64)
        opening, squeeze, to_handle, out = float(frame[3]), float(frame[4]), frame[5:8], float(frame[10])
        direction = np.array([frame[8], frame[9], 0.0])
        across = float(to_handle @ direction)
        along = float(to_handle[0] * direction[1] - to_handle[1] * direction[0])
        around = abs(across) < 0.016 and abs(along) < 0.03 and abs(to_handle[2]) < 0.016
        if around and squeeze > 0.003 and 0.006 < opening < 0.035:
            return self._pull(frame[0] + to_handle[0], direction, to_handle, out, squeeze)
        return self._grasp(to_handle, direction, opening)

    def _pull(
        self, handle_x: float, direction: Float64Array, to_handle: Float64Array, out: float, squeeze: float
    ) -> Float32Array:
        until = self.near_until if handle_x < self.near_from else self.until
        speed = min(self.pull, self.gain * max(until - out, 0.0))
        aside = to_handle - (to_handle @ direction) * direction
        return action(speed * direction + 0.3 * self.gain * aside, keep_hold(squeeze))

    def _grasp(self, to_handle: Float64Array, direction: Float64Array, opening: float) -> Float32Array:
        turned = abs(float(direction[0])) > self.turned_from
        aim = to_handle + (self.turned_aim if turned else 0.0) * direction
        distance = float(np.hypot(aim[0], aim[1]))
        move = self.gain * funnel(aim, self.grip_radius, self.hover)
        if distance < self.grip_radius and abs(aim[2]) < self.grip_height:
            return action(0.3 * move, 1.0)
        if opening < 0.8 * self.spread and distance < 0.06:
            move[2] = max(move[2], 0.0)
        return action(move, move_fingers(opening, self.spread))


TASK = DrawerOpening
EXPERT = DrawerExpert()
FLAWS = {
    "misses-turned-handles": DrawerExpert(turned_from=0.11, turned_aim=0.026),
    "grips-early": DrawerExpert(grip_radius=0.018, grip_height=0.020),
    "stops-short": DrawerExpert(near_from=0.49, near_until=0.085),
}
"""Each one succeeds in about half of the episodes.

``misses-turned-handles`` closes the gripper in front of the handle where the cabinet is turned. ``grips-early`` closes
it above the handle or beside it, and pulls at nothing. ``stops-short`` leaves near drawers half open.
"""
