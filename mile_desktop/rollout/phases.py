"""The phases of supervision as one table."""

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
    """Start where a person has to see to something first."""
    TAKEOVER_PRESSED = "takeover_pressed"
    TAKEOVER_RELEASED = "takeover_released"
    HOLD_PRESSED = "hold_pressed"
    FAULT = "fault"
    """Device lost, policy output unusable, simulator stuck, link lost: whatever makes moving unsafe."""
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
    (Phase.AUTONOMOUS, PhaseEvent.HOLD_PRESSED): Phase.HOLD,
    (Phase.TAKEOVER, PhaseEvent.HOLD_PRESSED): Phase.HOLD,
    (Phase.AUTONOMOUS, PhaseEvent.FAULT): Phase.HOLD,
    (Phase.TAKEOVER, PhaseEvent.FAULT): Phase.HOLD,
    (Phase.HOLD, PhaseEvent.RESUME): Phase.AUTONOMOUS,
    (Phase.STOPPED, PhaseEvent.RESET): Phase.IDLE,
    (Phase.RESETTING, PhaseEvent.NEXT_EPISODE): Phase.AUTONOMOUS,
    (Phase.RESETTING, PhaseEvent.RUN_FINISHED): Phase.IDLE,
    **{(phase, PhaseEvent.STOP): Phase.STOPPED for phase in Phase},
    **{(phase, PhaseEvent.EPISODE_ENDED): Phase.RESETTING for phase in IN_EPISODE},
}
"""(phase, event) → next phase; a pair that is not here leaves the phase as it is."""


def next_phase(phase: Phase, event: PhaseEvent) -> Phase:
    """Return the phase that follows ``phase`` when ``event`` happens."""
    return TRANSITIONS.get((phase, event), phase)
