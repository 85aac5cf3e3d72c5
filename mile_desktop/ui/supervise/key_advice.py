"""Why a driving key has no effect now, and what to press first; no Qt."""

from mile_desktop.rollout.messages import WindowInput
from mile_desktop.rollout.phases import Phase

_MOVED = 3
"""The first entries of an action are pushes; the gripper's stays where it is between takeovers, so it is no press."""
_BEFORE: dict[Phase, str] = {
    Phase.IDLE: "The robot rests. Press Start (Ctrl + Enter) first",
    Phase.STOPPED: "The robot is stopped. Press Reset (Ctrl + R) first",
}
_ALONE = "Hold Space as well: these keys drive only while Space is down"
_POLICY_DRIVES = frozenset({Phase.AUTONOMOUS, Phase.HOLD})


def any_pressed(keys: WindowInput) -> bool:
    """Return whether a key is down that takes over, drives or rewinds."""
    return keys.takeover or keys.rewind or any(keys.action[:_MOVED])


def advice_for_keys(keys: WindowInput, phase: Phase | None) -> str:
    """Return one sentence about ``keys`` that the robot does not follow in ``phase``; empty where it does."""
    if not any_pressed(keys) or phase is None:
        return ""
    if phase in _POLICY_DRIVES:
        return "" if keys.takeover or keys.rewind else _ALONE
    before = _BEFORE.get(phase, "")
    # What the person wanted is the key that was pressed: after a rewind "hold Space" would be no answer.
    then = ", then hold R to rewind" if keys.rewind else ", then hold Space to take over"
    return before + then if before and phase is Phase.IDLE else before


def advice_for_mark(phase: Phase | None) -> str:
    """Return one sentence about a mark of an outcome for which no episode is open; empty where one is."""
    return _BEFORE.get(phase, "") if phase is not None else ""
