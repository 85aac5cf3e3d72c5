"""TITLE: push the lever over with closed fingers."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mile_desktop.arrays import Float32Array, Float64Array
from mile_desktop.scenes.expert_moves import action, move_fingers, ramp
from mile_desktop.scenes.task import HAND, Measurement, Situation, Task, offset

PIVOT = np.array([0.0, 0.0, 0.024])
"""Hinge in the lever's frame, m (lever.urdf)."""
UP = np.array([0.0, 0.0, 1.0])
LENGTH = 0.10
"""From the hinge to the knob, m."""
OVER = 0.9
"""From this angle the lever is over, of 1.1 rad."""


class Lever(Task):
    """What is measured, and when the task is done. ``now`` has the poses, joints and hand."""

    # One frame of the observation: name, unit and the bounds it is clipped to. The policy sees the last four frames.
    measurements: ClassVar[tuple[Measurement, ...]] = (
        *HAND,  # where the hand is, and its gripper: now.hand
        *offset("knob - end effector"),  # x, y and z
        Measurement("push direction x", -1.0, 1.0),
        Measurement("push direction y", -1.0, 1.0),
        Measurement("lever angle (rad)", -0.5, 1.5),
    )
    # The task is done when is_done was true for this many consecutive steps.
    success_steps: ClassVar[int] = 5

    def measure(self, now: Situation) -> Float64Array:
        """Return one frame, in the order of ``measurements``."""
        lever, angle = now.bodies.pose("lever"), now.bodies.joint("lever", "hinge").position
        direction = -lever.rotation[:, 1]
        knob = lever.position + PIVOT + LENGTH * (np.cos(angle) * UP + np.sin(angle) * direction)
        return np.array((*now.hand, *(knob - now.end_effector), *direction[:2], angle))

    def is_done(self, now: Situation) -> bool:
        """Return whether the lever is over."""
        return now.bodies.joint("lever", "hinge").position > OVER

    # reward(now, *, success) may be overridden; by default it is 1 on the step that completes the task, otherwise 0.


@dataclass(frozen=True, slots=True)
class LeverExpert:
    """Comes down behind the knob with closed fingers and pushes.

    A function of the observation alone, without memory or phases, so that it can take over anywhere. Simulated
    supervisors, demonstrations and the policy called ``expert`` come from it.
    """

    gain: float = 14.0
    """Command per metre of distance; 1 is full speed."""
    behind: float = 0.045
    """Comes down this far behind the knob, m."""
    beside: float = 0.0
    """A flaw: pushes beside the knob of turned levers, by this times the sine of their angle, m."""

    def __call__(self, observation: Float32Array) -> Float32Array:
        """Return the action: dx, dy, dz and gripper (+ closes), each in [−1, 1]."""
        frame = observation[-len(Lever.measurements) :].astype(np.float64)
        to_knob, direction = frame[5:8], np.array([frame[8], frame[9], 0.0])
        fingers = move_fingers(float(frame[3]), 0.0)
        side = np.array([-direction[1], direction[0], 0.0])
        ahead, aside = float(to_knob @ direction), float(to_knob @ side) + self.beside * float(direction[0])
        low = abs(to_knob[2]) < 0.02
        if low and ahead > 0.0 and abs(aside) < 0.02:
            return action(0.5 * direction + self.gain * (aside * side + (to_knob[2] - 0.005) * UP), fingers)
        away = (ahead - self.behind) * direction + aside * side
        height = 0.07 * ramp(float(np.linalg.norm(away)), 0.012, 0.04)
        return action(self.gain * (away + (to_knob[2] + height) * UP), fingers)


# What the program looks for.
TASK = Lever
EXPERT = LeverExpert()  # may be left out; then a person has to demonstrate
FLAWS = {"pushes-beside": LeverExpert(beside=0.17)}  # may be left out: a supervisor can see their failures coming
