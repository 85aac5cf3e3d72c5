"""The interface of a robot: implement it around a vendor's SDK."""

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.errors import UserError
from mile_desktop.robots.description import RobotDescription

NOTHING: Float32Array = np.zeros(0, np.float32)


class RobotError(UserError):
    """The robot or the connection to it cannot do what was asked; says what was found, expected, and what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """The robot's measurements at one moment."""

    values: Float32Array
    """float32[m] in the order of ``RobotDescription.measures``."""
    at: float
    """When it was measured: the monotonic clock of the robot's side, s."""
    success: bool = False
    """The task is done (stays True until the next start); only for robots that report it."""
    scene_state: Float32Array = field(default_factory=NOTHING.copy)
    """float32[k] where the robot can be drawn, else empty."""


class RobotDriver(Protocol):
    """A robot as its own side drives it.

    Owned by one thread. Actions are rates (see ``ActionAxis``), already cut to the robot's limits. Raise an exception
    for every fault: the robot is then held, and the person sees the text of the exception.
    """

    def describe(self) -> RobotDescription:
        """Return the description; always the same, and possible before ``connect``."""
        ...

    def connect(self) -> None:
        """Connect to the hardware; nothing moves."""
        ...

    def read_state(self) -> Measurement:
        """Measure now; must not block longer than a fraction of a control step."""
        ...

    def act(self, action: Float32Array) -> None:
        """Move at these rates (float32[a]) from the measured pose, for one control step; returns at once."""
        ...

    def hold(self) -> None:
        """Keep the measured pose from now on; called often, also while it already holds."""
        ...

    def stop(self) -> None:
        """Stop as fast as is safe: the person pressed stop."""
        ...

    def close(self) -> None:
        """Release the hardware, which keeps its pose."""
        ...


@runtime_checkable
class ResettingDriver(Protocol):
    """The additional method of a driver whose description says ``resets_itself``."""

    def reset(self, seed: int) -> None:
        """Go to the start pose of ``seed``."""
        ...
