"""The part of a scene that its module defines in code: measurements, success and reward.

Imports no simulator, so that experts can be loaded without one.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from mile_desktop.arrays import Float32Array, Float64Array
from mile_desktop.scenes.pose import Pose

FloatArray = Float32Array
"""The name that scene modules of earlier versions import."""

Expert = Callable[[Float32Array], Float32Array]
"""Scripted expert: observation float32[n] → action float32[a] in [−1, 1]; has no memory between calls."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One entry of a frame and the bounds it is clipped to."""

    label: str
    """Name and unit."""
    low: float
    high: float


HAND = (
    Measurement("end effector x (m)", 0.0, 1.0),
    Measurement("end effector y (m)", -0.6, 0.6),
    Measurement("end effector z (m)", 0.0, 0.6),
    Measurement("gripper opening (m)", -0.01, 0.1),
    Measurement("gripper squeeze (m)", -0.1, 0.1),
)
"""Measurements of ``Situation.hand``: every frame may begin with them."""


def offset(difference: str) -> tuple[Measurement, ...]:
    """Return the measurements of a vector in world axes, m; ``difference`` is such as ``knob - end effector``."""
    return tuple(Measurement(f"{difference} {axis} (m)", -1.0, 1.0) for axis in "xyz")


@dataclass(frozen=True, slots=True)
class JointState:
    """Position and velocity of a joint of an articulated body."""

    position: float
    """m where it slides, rad where it turns."""
    velocity: float
    """m/s or rad/s."""


class Bodies(Protocol):
    """The bodies of a scene as they are now."""

    def pose(self, body: str) -> Pose:
        """Return the pose of the body of that name in ``scene.toml``; for an articulated one, of its base."""
        ...

    def joint(self, body: str, joint: str) -> JointState:
        """Return the state of a joint of an articulated body, both named as in ``scene.toml``."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Situation:
    """The present physical state, as a task reads it."""

    bodies: Bodies
    end_effector: Float64Array
    """float64[3], m: measured position in the world."""
    opening: float
    """Measured distance of the fingers, m."""
    squeeze: float
    """How much narrower the fingers are commanded, m; positive while something is held."""

    @property
    def hand(self) -> Float64Array:
        """The measurements of ``HAND``, float64[5], m."""
        return np.array((*self.end_effector, self.opening, self.squeeze))


class Task(ABC):
    """The task of a Panda scene. One instance for each environment; has no memory between steps."""

    measurements: ClassVar[tuple[Measurement, ...]]
    """Entries of the array that ``measure`` returns, in order."""
    success_steps: ClassVar[int] = 5
    """The task is done after ``is_done`` was True for this many consecutive steps."""

    @abstractmethod
    def measure(self, now: Situation) -> Float64Array:
        """Return the current frame, float64[m], in the order of ``measurements``; observations stack four of them."""

    @abstractmethod
    def is_done(self, now: Situation) -> bool:
        """Say whether the task is done in this state."""

    def reward(self, now: Situation, *, success: bool) -> float:  # noqa: ARG002 - for tasks that reward progress
        """Return the reward of the last step: 1 if it completes the task, otherwise 0."""
        return float(success)
