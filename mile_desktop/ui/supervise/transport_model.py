"""Which transport buttons work in which phase: one table."""

from enum import StrEnum

from mile_desktop.rollout.phases import IN_EPISODE, Phase


class Action(StrEnum):
    """What a transport button asks for."""

    START = "start"
    RESET = "reset"
    HOLD = "hold"
    RESUME = "resume"
    STOP = "stop"
    SUCCESS = "success"
    FAILURE = "failure"
    DISCARD = "discard"


_IN_EPISODE = frozenset({Action.STOP, Action.SUCCESS, Action.FAILURE, Action.DISCARD})

ENABLED: dict[Phase, frozenset[Action]] = {
    Phase.IDLE: frozenset({Action.START, Action.STOP}),
    Phase.AUTONOMOUS: _IN_EPISODE | {Action.HOLD},
    Phase.TAKEOVER: _IN_EPISODE | {Action.HOLD},
    Phase.HOLD: _IN_EPISODE | {Action.RESUME},
    Phase.STOPPED: frozenset({Action.RESET}),
    Phase.RESETTING: frozenset({Action.STOP}),
}


def enabled(phase: Phase | None) -> frozenset[Action]:
    """Return the actions that work in ``phase``; nothing works before a session is loaded (``None``)."""
    return frozenset() if phase is None else ENABLED[phase]


def ends_episode(action: Action, phase: Phase) -> bool:
    """Return whether ``action`` marks the open episode's outcome and may do so now."""
    return action in {Action.SUCCESS, Action.FAILURE, Action.DISCARD} and phase in IN_EPISODE
