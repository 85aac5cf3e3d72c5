"""What the rollout loop asks of a robot in the world, which a simulated scene need not be asked."""

from typing import Protocol

from mile_desktop.policies.policy import FloatArray
from mile_desktop.rollout.phases import MOVING, Phase


class LiveRobot(Protocol):
    """A robot that moves by itself in time, may be lost, and moves only where somebody permits it.

    Everything is called on the loop's thread.
    """

    @property
    def checklist(self) -> tuple[str, ...]:
        """What a person has to see to and confirm before an episode begins; empty: it begins by itself."""
        ...

    @property
    def must_resume(self) -> bool:
        """It held by itself: nothing but an explicit resume lets it move again, no takeover either."""
        ...

    def attend(self) -> None:
        """Look after the link; first thing in every tick."""
        ...

    def hazard(self) -> str:
        """Return why it must hold, in words; empty while it may move."""
        ...

    def obstacle(self) -> str:
        """Return why no episode can begin, in words; empty where one can."""
        ...

    def newest(self, known: FloatArray) -> FloatArray:
        """Return the newest observation; ``known`` is the one the last step returned."""
        ...

    def view(self) -> FloatArray | None:
        """Return the newest scene state, float32[k], while no step is taken; None where nothing moves meanwhile."""
        ...

    def prepare(self, seed: int) -> str:
        """Begin to go to an episode's start, where it does so by itself; return why not, or an empty string."""
        ...

    def prepared(self) -> str | None:
        """Return None while it is on its way there, an empty string once it is, or why it did not get there."""
        ...

    def go(self) -> str:
        """Let it move from now on; return why it may not, or an empty string."""
        ...

    def pause(self) -> None:
        """Let it keep its pose from now on."""
        ...

    def stop(self) -> None:
        """Stop it, latched."""
        ...

    def leave_stop(self) -> str:
        """Leave the latched stop; return why that is not possible, or an empty string."""
        ...


class Simulated:
    """A scene stands still by itself, is never lost, and may always move."""

    checklist: tuple[str, ...] = ()
    must_resume = False

    def attend(self) -> None:
        """Need nothing."""

    def hazard(self) -> str:
        """Return that nothing is wrong."""
        return ""

    def obstacle(self) -> str:
        """Return that nothing is in the way."""
        return ""

    def newest(self, known: FloatArray) -> FloatArray:
        """Return ``known``: nothing happens between steps."""
        return known

    def view(self) -> FloatArray | None:
        """Return that nothing moves between steps."""
        return None

    def prepare(self, seed: int) -> str:  # noqa: ARG002 - resetting the scene does it
        """Do nothing."""
        return ""

    def prepared(self) -> str | None:
        """Return that it is there."""
        return ""

    def go(self) -> str:
        """Return that it may move."""
        return ""

    def pause(self) -> None:
        """Need nothing."""

    def stop(self) -> None:
        """Need nothing."""

    def leave_stop(self) -> str:
        """Return that it did."""
        return ""


def follow(live: LiveRobot, before: Phase, after: Phase) -> str:
    """Let ``live`` go, pause or stop as the phase changed; return why it may not go, or an empty string."""
    if after is Phase.STOPPED:
        live.stop()
    elif before in MOVING and after not in MOVING:
        live.pause()
    elif after in MOVING and before not in MOVING:
        return live.go()
    return ""


def no_hazard() -> str:
    """Nothing but the robot itself can make moving unsafe."""
    return ""
