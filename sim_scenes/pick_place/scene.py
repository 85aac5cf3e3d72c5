"""Pick the block up and put it into the bin."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mile_desktop.arrays import Float32Array, Float64Array
from mile_desktop.scenes.expert_moves import action, funnel, keep_hold, move_fingers, ramp
from mile_desktop.scenes.task import HAND, Measurement, Situation, Task, offset

BLOCK = 0.04
"""Edge of the block, m (block.urdf)."""
FLOOR = 0.005
"""Floor of the bin above its origin, m (bin.urdf)."""
RIM = 0.050
"""Edge of the bin above its origin, m."""
INSIDE = 0.065
"""Half the width of the bin inside, m."""

_FREE = 0.006
"""Fingers that are this much wider apart than the block do not hold it, m."""

_OPEN = 0.08
"""Opening of the open gripper, m."""


class PickPlace(Task):
    """The block is in the bin.

    The block is held by friction alone. It is placed when it lies on the floor of the bin (within 8 mm) and the
    fingers have let go of it, for five consecutive steps (a quarter of a second). The bin is deeper than the block is
    high, so that the block has to be lifted.
    """

    measurements: ClassVar[tuple[Measurement, ...]] = (
        *HAND,
        *offset("block - end effector"),
        *offset("bin - block"),
    )

    def measure(self, now: Situation) -> Float64Array:
        """Return the hand, the block relative to it, and the floor of the bin relative to the block's middle."""
        block, bin_ = now.bodies.pose("block").position, now.bodies.pose("bin").position
        return np.array((*now.hand, *(block - now.end_effector), *(bin_ - block + (0.0, 0.0, FLOOR))))

    def is_done(self, now: Situation) -> bool:
        """Return whether the block lies in the bin and the gripper does not hold it."""
        block, bin_ = now.bodies.pose("block").position, now.bodies.pose("bin")
        x, y, z = bin_.rotation.T @ (block - bin_.position)
        inside = max(abs(x), abs(y)) < INSIDE - 0.01 and z < FLOOR + BLOCK / 2 + 0.008
        away = float(np.abs(block - now.end_effector).max()) > BLOCK
        return bool(inside and (away or now.opening > BLOCK + _FREE))


_FRAME = len(PickPlace.measurements)


@dataclass(frozen=True, slots=True)
class PickPlaceExpert:
    """Grasps the block, lifts it over the edge of the bin, lowers it and lets go.

    Every target height is a funnel around the goal, as for the peg.
    """

    gain: float = 14.0
    """Command per metre of distance; 1 is full speed."""
    hover: float = 0.07
    """Height above the block at which it travels to it, m."""
    grip_radius: float = 0.007
    """Closes the gripper when the block is nearer than this, m."""
    grip_height: float = 0.010
    """Closes the gripper when the block's middle is nearer than this in height, m."""
    clearance: float = 0.04
    """Height of the block's underside above the edge of the bin while it is carried, m."""
    place_radius: float = 0.012
    """Lowers the block when the middle of the bin is nearer than this, m."""
    drop: float = 0.025
    """Releases the block when its underside is nearer to the floor than this, m."""
    far_from: float = 1.0
    """x coordinate from which a bin counts as far from the robot, m."""
    far_aim: float = 0.0
    """Aims short of far bins by this much, m."""
    side_from: float = -1.0
    """y coordinate up to which a block counts as far to the side, m."""
    side_aim: float = 0.0
    """Grasps blocks far to the side this far beside their middle, m."""

    def __call__(self, observation: Float32Array) -> Float32Array:
        """Return the action for an observation of the pick-and-place scene."""
        frame = observation[-_FRAME:].astype(np.float64)
        opening, squeeze, to_block, to_bin = float(frame[3]), float(frame[4]), frame[5:8], frame[8:11]
        placed = float(np.abs(to_bin[:2]).max()) < INSIDE - 0.01 and -to_bin[2] < RIM
        between = float(np.abs(to_block[:2]).max()) < 0.024 and abs(to_block[2]) < 0.024
        if between and squeeze > 0.003 and 0.03 < opening < 0.06:
            return self._place(frame[0] + to_block[0] + to_bin[0], to_bin, squeeze)
        if placed:
            return action(0.0, 0.0, 1.0 if opening > BLOCK + _FREE else 0.0, -1.0)
        return self._grasp(frame[1] + to_block[1], to_block, opening)

    def _grasp(self, block_y: float, to_block: Float64Array, opening: float) -> Float32Array:
        aim = to_block.copy()
        aim[0] += self.side_aim if block_y < self.side_from else 0.0
        distance = float(np.hypot(aim[0], aim[1]))
        move = self.gain * funnel(aim, self.grip_radius, self.hover)
        if distance < self.grip_radius and abs(aim[2]) < self.grip_height:
            return action(0.3 * move, 1.0)
        if opening < 0.07 and distance < 0.06:
            move[2] = max(move[2], 0.0)
        return action(move, move_fingers(opening, _OPEN))

    def _place(self, bin_x: float, to_bin: Float64Array, squeeze: float) -> Float32Array:
        aim = to_bin[:2] - (self.far_aim if bin_x > self.far_from else 0.0, 0.0)
        distance = float(np.hypot(aim[0], aim[1]))
        above = -float(to_bin[2]) - BLOCK / 2
        if distance < self.place_radius + 0.01 and above < self.drop:
            return action(0.0, 0.0, 0.0, -1.0)
        edge = RIM - FLOOR
        height = (edge + self.clearance) * ramp(distance, self.place_radius, self.place_radius + 0.02)
        # Sideways only while the block is above everything that it could hit.
        free = 1.0 if distance < self.place_radius else ramp(above, edge + 0.005, edge + 0.02)
        return action(self.gain * free * aim, self.gain * (height - above), keep_hold(squeeze))


TASK = PickPlace
EXPERT = PickPlaceExpert()
FLAWS = {
    "drops-short-of-far-bins": PickPlaceExpert(far_from=0.49, far_aim=0.075),
    "misses-blocks-at-the-side": PickPlaceExpert(side_from=-0.16, side_aim=0.036),
    "grips-early": PickPlaceExpert(grip_radius=0.025, grip_height=0.046),
}
"""Each one succeeds in about half of the episodes.

``drops-short-of-far-bins`` releases the block on the near edge of far bins or in front of them.
``misses-blocks-at-the-side`` closes the gripper beside the block. ``grips-early`` closes it above the block, and
moves off without it.
"""
