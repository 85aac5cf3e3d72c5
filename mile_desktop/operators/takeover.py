"""When a pad takes over: three small state machines with one interface."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class TakeoverMode(StrEnum):
    """How a person takes over with a pad."""

    HOLD = "hold"
    """While the button is held (dead man's switch)."""
    TOGGLE = "toggle"
    """One press takes over, the next one hands back."""
    STICK = "stick"
    """Motion of any driving control takes over; a pause hands back after a delay."""


@dataclass(frozen=True, slots=True)
class TakeoverInput:
    """A pad's input in one tick."""

    held: bool
    """The takeover button is down."""
    presses: int
    """Number of presses since the last tick, including those shorter than a tick."""
    deflection: float
    """Largest driving command after the dead zone, in [0, 1]."""


class TakeoverMachine(Protocol):
    """Decides, tick by tick, whether the person drives."""

    @property
    def engaged(self) -> bool:
        """Whether the person drives after the last ``update``."""
        ...

    def update(self, pad: TakeoverInput, now: float) -> bool:
        """Take one tick at monotonic time ``now`` (s) and return ``engaged``."""
        ...

    def begin_episode(self) -> None:
        """Reset everything that belongs to one episode only."""
        ...


class HoldTakeover:
    """Drives while the button is held.

    A button that is already down when the machine is created counts only after it was released once: a pad that is
    plugged in again with a finger on the button must not move the robot.
    """

    def __init__(self) -> None:
        self._armed = False
        self._engaged = False

    @property
    def engaged(self) -> bool:
        """Whether the person drives."""
        return self._engaged

    def update(self, pad: TakeoverInput, now: float) -> bool:  # noqa: ARG002
        """Take one tick."""
        # Once released, it stays armed.
        self._armed = self._armed or not pad.held
        # The state and not the presses: a button that is held since before this tick must go on driving.
        self._engaged = self._armed and pad.held
        return self._engaged

    def begin_episode(self) -> None:
        """Change nothing: a held button keeps its meaning."""


class ToggleTakeover:
    """One press takes over, the next one hands back; every episode begins without a takeover."""

    def __init__(self) -> None:
        self._engaged = False

    @property
    def engaged(self) -> bool:
        """Whether the person drives."""
        return self._engaged

    def update(self, pad: TakeoverInput, now: float) -> bool:  # noqa: ARG002
        """Take one tick; an even number of presses within it changes nothing."""
        # By presses and not by the state of the button: a short press between two ticks counts as well.
        self._engaged ^= pad.presses % 2 == 1
        return self._engaged

    def begin_episode(self) -> None:
        """Hand back."""
        self._engaged = False


class StickTakeover:
    """Drives from the first motion until the controls have rested for ``release_delay_s``.

    Short pauses inside a correction belong to it; without the delay each pause would be a hand-back.
    """

    def __init__(self, release_delay_s: float) -> None:
        self._release_delay_s = release_delay_s
        self._armed = False
        self._moved_at = 0.0
        self._engaged = False

    @property
    def engaged(self) -> bool:
        """Whether the person drives."""
        return self._engaged

    def update(self, pad: TakeoverInput, now: float) -> bool:
        """Take one tick; controls that are off centre from the start count only after they have rested once."""
        # Behind the dead zone: a stick that does not quite return to its centre would never hand back.
        moving = pad.deflection > 0.0
        self._armed = self._armed or not moving
        if moving and self._armed:
            self._moved_at = now
            self._engaged = True
        # Not at the first tick of rest: a person lets go of the stick for a moment to look, and still drives.
        elif now - self._moved_at >= self._release_delay_s:
            self._engaged = False
        return self._engaged

    def begin_episode(self) -> None:
        """Hand back; a control that is still moving takes over again at once."""
        self._engaged = False


LET_GO = " to let go"
"""How the instruction of a device ends while it asks for a takeover, whether or not the robot follows it."""


def takeover_machine(mode: TakeoverMode, *, release_delay_s: float) -> TakeoverMachine:
    """Return a fresh machine for ``mode``, not engaged."""
    if mode is TakeoverMode.HOLD:
        return HoldTakeover()
    if mode is TakeoverMode.TOGGLE:
        return ToggleTakeover()
    return StickTakeover(release_delay_s)


def takeover_instruction(mode: TakeoverMode, button: str, *, engaged: bool) -> str:
    """Return how to take over, or how to hand back while ``engaged``; ``button`` is its name for people."""
    if mode is TakeoverMode.HOLD:
        return f"release {button}{LET_GO}" if engaged else f"hold {button}"
    if mode is TakeoverMode.TOGGLE:
        return f"press {button} again{LET_GO}" if engaged else f"press {button}"
    return f"let the sticks rest{LET_GO}" if engaged else "move a stick"
