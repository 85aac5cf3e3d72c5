"""Close the gripper, reach into the guard and press the button down until it has switched."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mile_desktop.arrays import Float32Array, Float64Array
from mile_desktop.scenes.expert_moves import action, move_fingers, ramp
from mile_desktop.scenes.task import HAND, Measurement, Situation, Task, offset

PRESSED = 0.009
"""The button switches this far down, of 0.012 m."""


class ButtonPress(Task):
    """The button has switched.

    The button goes down by 12 mm against a preloaded spring and comes up again when it is released. It has switched
    when it was held down by 9 mm or more for ten consecutive steps (half a second). The guard around it is 40 mm wide
    inside: wide enough for closed fingers (17 by 24 mm), or for one finger.
    """

    measurements: ClassVar[tuple[Measurement, ...]] = (
        *HAND,
        *offset("button - end effector"),
        Measurement("button travel (m)", -0.01, 0.02),
    )

    success_steps: ClassVar[int] = 10

    def measure(self, now: Situation) -> Float64Array:
        """Return the hand, the released button's top relative to it, and how far down the button is."""
        button, travel = now.bodies.pose("button").position, now.bodies.joint("button", "plunger").position
        return np.array((*now.hand, *(button - now.end_effector), travel))

    def is_done(self, now: Situation) -> bool:
        """Return whether the button is down."""
        return now.bodies.joint("button", "plunger").position > PRESSED


_FRAME = len(ButtonPress.measurements)
_OPEN = 0.08
"""Opening of the open gripper, m."""


@dataclass(frozen=True, slots=True)
class ButtonExpert:
    """Closes the gripper on the way, comes down over the middle of the button and presses until it has switched."""

    gain: float = 14.0
    """Command per metre of distance; 1 is full speed."""
    hover: float = 0.05
    """Height above the button at which it travels, m."""
    aim_radius: float = 0.004
    """Goes down into the guard when the middle of the button is nearer than this, m."""
    press: float = 0.022
    """How far below the released button it pushes, m; the motors give way to the spring."""
    closed: float = 0.006
    """Fingers that are closer together count as closed, m."""
    far_from: float = 1.0
    """y coordinate from which a button counts as far to the side (left or right), m."""
    far_aim: float = 0.0
    """Aims short of far buttons, by this fraction of their distance beyond ``far_from``."""
    low_under: float = -1.0
    """Height below which a button counts as low, m."""
    low_press: float = 0.022
    """Like ``press``, for low buttons."""
    closes: bool = True
    """Whether it also closes the gripper for buttons near the robot, see ``near_under``."""
    near_under: float = -1.0
    """x coordinate below which a button counts as near the robot, m."""

    def __call__(self, observation: Float32Array) -> Float32Array:
        """Return the action for an observation of the button-press scene."""
        frame = observation[-_FRAME:].astype(np.float64)
        opening, to_button = float(frame[3]), frame[5:8]
        button = frame[:3] + to_button
        beyond = max(abs(float(button[1])) - self.far_from, 0.0)
        aim = to_button[:2] - (0.0, np.sign(button[1]) * self.far_aim * beyond)
        leaves_open = button[0] < self.near_under and not self.closes
        ready = leaves_open or opening < self.closed
        distance = float(np.hypot(aim[0], aim[1]))
        over = 1.0 - ramp(distance, self.aim_radius, self.aim_radius + 0.004) if ready else 0.0
        hover = self.hover * max(ramp(distance, self.aim_radius, self.aim_radius + 0.03), 0.0 if ready else 1.0)
        press = self.low_press if button[2] < self.low_under else self.press
        move = self.gain * np.append(aim, to_button[2] + hover - over * press)
        return action(move, move_fingers(opening, _OPEN if leaves_open else 0.0))


TASK = ButtonPress
EXPERT = ButtonExpert()
FLAWS = {
    "misses-far-buttons": ButtonExpert(far_from=0.08, far_aim=0.3),
    "stops-short": ButtonExpert(low_under=0.083, low_press=-0.010),
    "leaves-the-gripper-open": ButtonExpert(closes=False, near_under=0.49),
}
"""Each one succeeds in about half of the episodes.

``misses-far-buttons`` comes down on the guard where the button is far to the side. ``stops-short`` only touches low
buttons. ``leaves-the-gripper-open`` straddles near buttons with open fingers.
"""
