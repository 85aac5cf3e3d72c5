"""What the rollout loop asks of a robot in the world, and the null object for simulated scenes."""

from typing import Protocol

from mile_desktop.arrays import Float32Array
from mile_desktop.rollout.phases import MOVING, Phase


class LiveRobot(Protocol):
    """A robot that moves by itself in time, whose connection may be lost, and that moves only with permission.

    Everything is called on the loop's thread.
    """

    @property
    def checklist(self) -> tuple[str, ...]:
        """What a person has to check and confirm before an episode begins; empty: it begins by itself."""
        ...

    @property
    def must_resume(self) -> bool:
        """It held by itself: only an explicit resume lets it move again, a takeover does not."""
        ...

    def attend(self) -> None:
        """Send and receive what the link needs; called first in every tick."""
        ...

    def hazard(self) -> str:
        """Return why it must hold, as a sentence; empty while it may move."""
        ...

    def obstacle(self) -> str:
        """Return why no episode can begin, as a sentence; empty if one can."""
        ...

    def newest(self, known: Float32Array) -> Float32Array:
        """Return the newest observation; ``known`` is the one the last step returned."""
        ...

    def view(self) -> Float32Array | None:
        """Return the newest scene state, float32[k], while no step is taken; None where nothing moves meanwhile."""
        ...

    def prepare(self, seed: int) -> str:
        """Let a robot that resets itself go to the start; return why it cannot, or an empty string."""
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


class NoRobot:
    """The ``LiveRobot`` of a simulated scene, which stands still between steps, is never lost, and may always move."""

    checklist: tuple[str, ...] = ()
    must_resume = False

    def attend(self) -> None:
        return

    def hazard(self) -> str:
        return ""

    def obstacle(self) -> str:
        return ""

    def newest(self, known: Float32Array) -> Float32Array:
        return known

    def view(self) -> Float32Array | None:
        return None

    def prepare(self, seed: int) -> str:
        return ""

    def prepared(self) -> str | None:
        return ""

    def go(self) -> str:
        return ""

    def pause(self) -> None:
        return

    def stop(self) -> None:
        return

    def leave_stop(self) -> str:
        return ""


def follow_phase(live: LiveRobot, before: Phase, after: Phase) -> str:
    """Let ``live`` go, pause or stop as the phase changed; return why it may not go, or an empty string."""
    # Stop before pause: a robot that is only paused could move again after a resume.
    if after is Phase.STOPPED:
        live.stop()
    elif before in MOVING and after not in MOVING:
        live.pause()
    elif after in MOVING and before not in MOVING:
        return live.go()
    return ""


def no_hazard() -> str:
    """Return that nothing besides the robot itself makes moving unsafe."""
    return ""
