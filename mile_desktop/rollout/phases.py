"""The phases of supervision: one table, and the machine that holds the current phase."""

from collections.abc import Callable
from enum import StrEnum


class Phase(StrEnum):
    """Who has the robot."""

    IDLE = "idle"
    AUTONOMOUS = "autonomous"
    TAKEOVER = "takeover"
    HOLD = "hold"
    STOPPED = "stopped"
    RESETTING = "resetting"


class PhaseEvent(StrEnum):
    """What can happen to a phase."""

    START = "start"
    PREPARE = "prepare"
    """Start with a checklist that a person confirms first."""
    TAKEOVER_PRESSED = "takeover_pressed"
    TAKEOVER_RELEASED = "takeover_released"
    RELEASED_INTO_HOLD = "released_into_hold"
    """The person lets go of a takeover that began while the robot held."""
    HOLD_PRESSED = "hold_pressed"
    FAULT = "fault"
    """Device lost, policy output unusable, simulator stuck, link lost: anything that makes moving unsafe."""
    RESUME = "resume"
    STOP = "stop"
    RESET = "reset"
    EPISODE_ENDED = "episode_ended"
    NEXT_EPISODE = "next_episode"
    RUN_FINISHED = "run_finished"


MOVING = frozenset({Phase.AUTONOMOUS, Phase.TAKEOVER})
"""Phases in which the robot may move."""

IN_EPISODE = frozenset({Phase.AUTONOMOUS, Phase.TAKEOVER, Phase.HOLD})
"""Phases in which an episode is open and its steps are recorded."""

TRANSITIONS: dict[tuple[Phase, PhaseEvent], Phase] = {
    (Phase.IDLE, PhaseEvent.START): Phase.AUTONOMOUS,
    (Phase.IDLE, PhaseEvent.PREPARE): Phase.RESETTING,
    (Phase.AUTONOMOUS, PhaseEvent.TAKEOVER_PRESSED): Phase.TAKEOVER,
    (Phase.HOLD, PhaseEvent.TAKEOVER_PRESSED): Phase.TAKEOVER,
    (Phase.TAKEOVER, PhaseEvent.TAKEOVER_RELEASED): Phase.AUTONOMOUS,
    (Phase.TAKEOVER, PhaseEvent.RELEASED_INTO_HOLD): Phase.HOLD,
    (Phase.AUTONOMOUS, PhaseEvent.HOLD_PRESSED): Phase.HOLD,
    (Phase.TAKEOVER, PhaseEvent.HOLD_PRESSED): Phase.HOLD,
    (Phase.AUTONOMOUS, PhaseEvent.FAULT): Phase.HOLD,
    (Phase.TAKEOVER, PhaseEvent.FAULT): Phase.HOLD,
    (Phase.HOLD, PhaseEvent.RESUME): Phase.AUTONOMOUS,
    (Phase.STOPPED, PhaseEvent.RESET): Phase.IDLE,
    (Phase.RESETTING, PhaseEvent.NEXT_EPISODE): Phase.AUTONOMOUS,
    (Phase.RESETTING, PhaseEvent.RUN_FINISHED): Phase.IDLE,
    # Stop and the end of an episode are generated for every phase they apply to, so that a new phase cannot be without
    # a stop.
    **{(phase, PhaseEvent.STOP): Phase.STOPPED for phase in Phase},
    **{(phase, PhaseEvent.EPISODE_ENDED): Phase.RESETTING for phase in IN_EPISODE},
}
"""(phase, event) → next phase; a pair that is not here leaves the phase as it is."""


RELEASED: dict[Phase, PhaseEvent] = {
    Phase.AUTONOMOUS: PhaseEvent.TAKEOVER_RELEASED,
    Phase.HOLD: PhaseEvent.RELEASED_INTO_HOLD,
}
"""Phase in which a takeover began → what its release means. A hold that a person ordered, or that a fault caused, ends
only by an explicit resume: letting go of the takeover button must not make the policy drive."""

HELD_AGAIN = "The robot holds, as it did before the takeover. Resume when you are ready."


def next_phase(phase: Phase, event: PhaseEvent) -> Phase:
    """Return the phase that follows ``phase`` when ``event`` happens."""
    return TRANSITIONS.get((phase, event), phase)


class PhaseMachine:
    """The current phase, why it is what it is, and the only way to change it; owned by the rollout loop's thread.

    Every change goes through ``TRANSITIONS``. ``on_change`` is called with (before, after), when the new phase is
    already in place: it may apply a further event, for example a fault.
    """

    def __init__(self, on_change: Callable[[Phase, Phase], None]) -> None:
        self._on_change = on_change
        self._phase = Phase.IDLE
        self._taken_over_from = Phase.AUTONOMOUS
        self._reason = ""

    @property
    def phase(self) -> Phase:
        """Who has the robot now."""
        return self._phase

    @property
    def reason(self) -> str:
        """One sentence on why, where there is a reason to give."""
        return self._reason

    @property
    def holds_after_takeover(self) -> bool:
        """The takeover that is running began in a hold, and its release leads back to the hold."""
        return self._phase is Phase.TAKEOVER and self._taken_over_from is Phase.HOLD

    def release_takeover(self) -> bool:
        """Let the person hand back to whatever was before the takeover; return whether the phase changed."""
        event = RELEASED[self._taken_over_from]
        return self.apply(event, HELD_AGAIN if event is PhaseEvent.RELEASED_INTO_HOLD else "")

    @property
    def in_episode(self) -> bool:
        """Whether an episode is open."""
        return self._phase in IN_EPISODE

    @property
    def moving(self) -> bool:
        """Whether the robot may move."""
        return self._phase in MOVING

    def apply(self, event: PhaseEvent, reason: str = "") -> bool:
        """Apply ``event``; return whether the phase changed.

        A fault that repeats while the robot already holds replaces the reason: the newest reason is the useful one.
        """
        before = self._phase
        after = next_phase(before, event)
        # An event without effect must not replace the reason of the phase that stays.
        if after is not before or event is PhaseEvent.FAULT:
            self._reason = reason
        if after is before:
            return False
        # Kept until the release: a hold during the takeover must not change where the release leads.
        if after is Phase.TAKEOVER:
            self._taken_over_from = before
        # In place before ``on_change``, which may apply a further event that starts from the new phase.
        self._phase = after
        self._on_change(before, after)
        return True
