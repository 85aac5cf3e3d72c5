"""What the robot's side lets happen: four modes, one table."""

from enum import StrEnum


class Mode(StrEnum):
    """What the robot's side is ready for."""

    DISARMED = "disarmed"
    """Nothing moves, whatever is commanded."""
    HOLDING = "holding"
    """Armed, keeps its pose."""
    ACTIVE = "active"
    """Carries out actions."""
    STOPPED = "stopped"
    """Latched."""


class ModeEvent(StrEnum):
    """What changes the mode."""

    ARM = "arm"
    """Somebody permitted motion; nothing moves yet."""
    MOVE = "move"
    """Actions follow."""
    HOLD = "hold"
    """Asked to hold, or the watchdog, or a fault."""
    DISARM = "disarm"
    """Asked to, or the driver went away."""
    STOP = "stop"
    CLEAR = "clear"
    """Somebody explicitly leaves the stop."""


MODE_TRANSITIONS: dict[tuple[Mode, ModeEvent], Mode] = {
    (Mode.DISARMED, ModeEvent.ARM): Mode.HOLDING,
    (Mode.HOLDING, ModeEvent.MOVE): Mode.ACTIVE,
    (Mode.ACTIVE, ModeEvent.HOLD): Mode.HOLDING,
    (Mode.HOLDING, ModeEvent.DISARM): Mode.DISARMED,
    (Mode.ACTIVE, ModeEvent.DISARM): Mode.DISARMED,
    **{(mode, ModeEvent.STOP): Mode.STOPPED for mode in Mode},
    (Mode.STOPPED, ModeEvent.CLEAR): Mode.DISARMED,
}
"""(mode, event) → next mode; a pair that is not here leaves the mode as it is."""


def next_mode(mode: Mode, event: ModeEvent) -> Mode:
    """Return the mode that follows ``mode`` when ``event`` happens."""
    return MODE_TRANSITIONS.get((mode, event), mode)
