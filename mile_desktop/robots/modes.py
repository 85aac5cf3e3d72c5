"""Modes of the robot's side: four modes and one table of transitions."""

from enum import StrEnum


class Mode(StrEnum):
    """What the robot's side allows."""

    DISARMED = "disarmed"
    """Nothing moves, whatever command arrives."""
    HOLDING = "holding"
    """Armed; keeps its pose."""
    ACTIVE = "active"
    """Carries out actions."""
    STOPPED = "stopped"
    """Stopped by a person; latched until a person clears it."""


NOT_ARMED = "The robot is not armed; arm it first."
"""Why a disarmed robot does not move, where its side gives no reason of its own."""


class ModeEvent(StrEnum):
    """What changes the mode."""

    ARM = "arm"
    """A person permitted motion; nothing moves yet."""
    MOVE = "move"
    """Actions follow."""
    HOLD = "hold"
    """A command to hold, the watchdog, or a fault."""
    DISARM = "disarm"
    """A command to disarm, or the driving window left."""
    STOP = "stop"
    CLEAR = "clear"
    """A person explicitly leaves the stop."""


MODE_TRANSITIONS: dict[tuple[Mode, ModeEvent], Mode] = {
    (Mode.DISARMED, ModeEvent.ARM): Mode.HOLDING,
    (Mode.HOLDING, ModeEvent.MOVE): Mode.ACTIVE,
    (Mode.ACTIVE, ModeEvent.HOLD): Mode.HOLDING,
    (Mode.HOLDING, ModeEvent.DISARM): Mode.DISARMED,
    (Mode.ACTIVE, ModeEvent.DISARM): Mode.DISARMED,
    **{(mode, ModeEvent.STOP): Mode.STOPPED for mode in Mode},
    (Mode.STOPPED, ModeEvent.CLEAR): Mode.DISARMED,
}
"""(mode, event) → next mode; a pair that is not in the table leaves the mode unchanged."""


def next_mode(mode: Mode, event: ModeEvent) -> Mode:
    """Return the mode that follows ``mode`` when ``event`` happens."""
    return MODE_TRANSITIONS.get((mode, event), mode)
