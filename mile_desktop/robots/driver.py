"""The one seam behind which a robot stands: what a vendor's SDK is wrapped in."""

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.errors import UserError
from mile_desktop.robots.description import RobotDescription

NOTHING: Float32Array = np.zeros(0, np.float32)


class RobotError(UserError):
    """The robot, or the way to it, cannot do what was asked; says what was found, expected, and what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """What a robot knows of itself at one moment."""

    values: Float32Array
    """float32[m] in the order of ``RobotDescription.measures``."""
    at: float
    """When it was measured: the monotonic clock of the robot's side, s."""
    success: bool = False
    """The task is done, and stays so until the next start; only where the robot tells."""
    scene_state: Float32Array = field(default_factory=NOTHING.copy)
    """float32[k] where the robot can be drawn, else empty."""


class RobotDriver(Protocol):
    """A robot as its own side drives it.

    Owned by one thread. Actions are rates (see ``ActionAxis``), cut to the robot's limits before they arrive. Whatever
    goes wrong is raised: the robot is then held, and the person told the exception's words.
    """

    def describe(self) -> RobotDescription:
        """Say what it is; always the same, and possible before ``connect``."""
        ...

    def connect(self) -> None:
        """Get hold of the hardware; nothing moves."""
        ...

    def read_state(self) -> Measurement:
        """Measure now; must not block longer than a fraction of a control step."""
        ...

    def act(self, action: Float32Array) -> None:
        """Move at these rates (float32[a]) from the measured pose, for one control step; returns at once."""
        ...

    def hold(self) -> None:
        """Keep the measured pose from now on; called often, and harmless when it holds already."""
        ...

    def stop(self) -> None:
        """Stop as fast as is safe: the person pressed stop."""
        ...

    def close(self) -> None:
        """Let go of the hardware, which keeps its pose."""
        ...


@runtime_checkable
class ResettingDriver(Protocol):
    """What a driver whose description says ``resets_itself`` offers besides."""

    def reset(self, seed: int) -> None:
        """Go to the start that ``seed`` stands for."""
        ...
