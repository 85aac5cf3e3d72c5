"""A robot's description of itself: its measurements, actions, rate, cameras, and the checks a person has to make."""

import math
from typing import Annotated, Literal

import msgspec

Text = Annotated[str, msgspec.Meta(max_length=400)]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Positive = Annotated[float, msgspec.Meta(gt=0.0)]

MAX_ENTRIES = 4096
"""Largest number of entries of an observation or a scene state: well below the size limit of one message."""
MAX_ACTIONS = 64
MAX_CAMERAS = 16


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the robot's measurements."""

    label: Word
    unit: Text = ""


class ActionAxis(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of an action: a rate in [−1, 1] at which something moves; 0 is standing still.

    Or, where every entry has a ``push``, one of several choices: the action is 1 there and 0 elsewhere.
    """

    label: Word
    unit: Text = ""
    """Unit of ``full``, e.g. ``m/s``."""
    full: float = 1.0
    """Value in ``unit`` that 1 stands for."""
    limit: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] = 1.0
    """Largest magnitude that is carried out; both sides cut at it."""
    title: Text = ""
    """Name for people."""
    push: Literal["", "rest", "left", "right", "up", "down"] = ""
    """Direction of a stick or key that chooses this action."""


class RobotCamera(msgspec.Struct, frozen=True, kw_only=True):
    """A camera whose frames the robot's side sends."""

    name: Word
    title: Text = ""
    width: Annotated[int, msgspec.Meta(gt=0, le=7680)]
    height: Annotated[int, msgspec.Meta(gt=0, le=4320)]
    rate_hz: Positive


class RobotDescription(msgspec.Struct, frozen=True, kw_only=True):
    """Everything this program knows of a robot; a policy must fit it."""

    name: Word
    """What people call it, e.g. ``Bench arm``."""
    task: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_-]{0,63}$")]
    """Name of its task: episodes and policies are stored under this name."""
    summary: Text = ""
    """One sentence on the task."""
    maker: Text = ""
    rate_hz: Annotated[float, msgspec.Meta(gt=0.0, le=1000.0)]
    """Control steps a second."""
    max_steps: Annotated[int, msgspec.Meta(gt=0)] = 1200
    """Steps after which an episode ends automatically."""
    measures: Annotated[tuple[Measured, ...], msgspec.Meta(min_length=1, max_length=MAX_ENTRIES)]
    """Entries of a measurement, in order."""
    frames: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    """Number of measurements in one observation: a control step apart, oldest first."""
    actions: Annotated[tuple[ActionAxis, ...], msgspec.Meta(min_length=1, max_length=MAX_ACTIONS)]
    cameras: Annotated[tuple[RobotCamera, ...], msgspec.Meta(max_length=MAX_CAMERAS)] = ()
    scene: Text = ""
    """The scene of this program whose states it sends, so that it can be drawn from anywhere; empty for none."""
    scene_state_size: Annotated[int, msgspec.Meta(ge=0, le=MAX_ENTRIES)] = 0
    tells_success: bool = False
    """It reports when the task is done; otherwise a person does."""
    resets_itself: bool = False
    """It can go to the start pose of a seed (simulated robots); otherwise a person resets the scene."""
    checklist: Annotated[tuple[Text, ...], msgspec.Meta(max_length=20)] = ()
    """What a person has to check before an episode begins."""
    watchdog_s: Annotated[float, msgspec.Meta(ge=0.05, le=5.0)] = 0.25
    """Silence after which the robot holds without a command."""
    ramp_s: Annotated[float, msgspec.Meta(ge=0.0, le=60.0)] = 2.0
    """Time after arming or resuming until full speed is allowed."""
    slowest: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] = 0.2
    """Share of full speed at the beginning of that time."""
    shift: Text = ""
    """Of a stand-in: name and digest of its shift (``scenes.shift``), which episodes record; empty for none."""

    def __post_init__(self) -> None:
        for what, labels in (("measures", self.measures), ("actions", self.actions)):
            _check_once(what, [entry.label for entry in labels])
        _check_once("cameras", [camera.name for camera in self.cameras])
        numbers = (self.rate_hz, self.watchdog_s, self.ramp_s, *(axis.full for axis in self.actions))
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError(f"robot {self.name!r}: found a number that is not finite, expected finite ones")
        if self.watchdog_s < 2.0 / self.rate_hz:
            raise ValueError(
                f"robot {self.name!r}: found watchdog_s {self.watchdog_s:g}, expected at least two control steps "
                f"({2.0 / self.rate_hz:g} s)"
            )
        if any(axis.push for axis in self.actions) and not self.discrete:
            raise ValueError(f"robot {self.name!r}: found a push at some actions, expected it at all or none")
        if self.observation_size > MAX_ENTRIES:
            raise ValueError(
                f"robot {self.name!r}: found {self.observation_size} observation entries, expected up to {MAX_ENTRIES}"
            )

    @property
    def period_s(self) -> float:
        """Time of one control step, s."""
        return 1.0 / self.rate_hz

    @property
    def observation_size(self) -> int:
        """Entries of an observation."""
        return len(self.measures) * self.frames

    @property
    def action_size(self) -> int:
        """Entries of an action."""
        return len(self.actions)

    @property
    def discrete(self) -> bool:
        """Whether an action is one of several choices."""
        return all(axis.push for axis in self.actions)

    @property
    def action_labels(self) -> tuple[str, ...]:
        """Short names of the action's entries."""
        return tuple(axis.label for axis in self.actions)


def _check_once(what: str, names: list[str]) -> None:
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"{what}: found {', '.join(map(repr, twice))} twice, expected each name once")
