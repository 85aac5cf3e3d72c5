"""The status and description of a robot as text; no widgets."""

import math
from dataclasses import dataclass

from mile_desktop.robots.description import ActionAxis, RobotDescription
from mile_desktop.rollout.messages import RobotStatus

_MODES = {
    "disarmed": ("Disarmed", "mdi6.shield-off-outline", "secondary"),
    "holding": ("Armed, holding", "mdi6.shield-check-outline", "policy"),
    "active": ("Moving", "mdi6.robot-industrial", "success"),
    "stopped": ("Stopped", "mdi6.stop-circle-outline", "stopped"),
}
_LOST = ("Link lost", "mdi6.lan-disconnect", "stopped")
_WATCHING = ("Watching", "mdi6.eye-outline", "secondary")


@dataclass(frozen=True, slots=True)
class RobotStyle:
    """Title, icon and colour of a robot's state."""

    title: str
    icon: str
    colour: str


def style_of(status: RobotStatus) -> RobotStyle:
    """Return the style of the robot's present state."""
    if not status.up:
        return RobotStyle(*_LOST)
    if not status.may_drive:
        return RobotStyle(*_WATCHING)
    # The mode is empty until the robot has sent its first state.
    return RobotStyle(*_MODES.get(status.mode, ("Connecting", "mdi6.lan-pending", "secondary")))


def link_text(status: RobotStatus) -> str:
    """Return the link's measured values, or why there is no link."""
    if not status.up:
        # The bar says "Link lost" and the name already, and the whole sentence, which a message has, would be cut off.
        why = status.problem.partition(f"The link to {status.name} is lost (")[2].partition(")")[0]
        return f"{why}; the robot holds. Trying again." if why else status.problem
    if not status.may_drive:
        return (
            f"{status.driver or 'Another window'} drives" if status.driver else "No window drives it; request control"
        )
    parts = [f"round trip {milliseconds(status.round_trip_ms)}"]
    # Otherwise the slow first motions would look like a fault.
    if status.mode == "active" and status.speed < 1.0:
        parts.append(f"slow start, {status.speed:.0%} speed".replace("%", " %"))
    if status.lost:
        parts.append("lost once" if status.lost == 1 else f"lost {status.lost} times")
    return " · ".join(parts)


def details(status: RobotStatus) -> str:
    """Return all details for a tooltip."""
    lines = [
        f"{status.name} at {status.address}",
        f"Round trip {milliseconds(status.round_trip_ms)}, clocks aligned to ±{milliseconds(status.clock_error_ms)}",
        f"Messages rejected by either side: {status.refused}",
    ]
    return "\n".join([*lines, status.obstacle] if status.obstacle else lines)


def milliseconds(value: float) -> str:
    """Return a time in milliseconds as text."""
    if not math.isfinite(value):
        return "unknown"
    return f"{value:.2f} ms" if value < 10.0 else f"{value:.0f} ms"


def described(robot: RobotDescription) -> list[tuple[str, str]]:
    """Return the robot's description as pairs of caption and text."""
    actions = "\n".join(_action(axis) for axis in robot.actions)
    names = [f"{entry.label} ({entry.unit})" if entry.unit else entry.label for entry in robot.measures]
    # A robot may report dozens of values; the first ones show what kind they are.
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    frames = f", {robot.frames} of them together" if robot.frames > 1 else ""
    cameras = ", ".join(f"{each.title or each.name} {each.width} × {each.height}" for each in robot.cameras)
    return [
        ("Task", f"{robot.task}. {robot.summary}".strip()),
        ("Maker", robot.maker or "not given"),
        ("Control rate", f"{robot.rate_hz:g} Hz; holds if no message arrives for {robot.watchdog_s * 1000:.0f} ms"),
        ("Measures", f"{robot.observation_size} values{frames}: {shown}"),
        ("Actions", actions),
        ("First motions", f"{robot.slowest:.0%} of full speed, rising over {robot.ramp_s:g} s".replace("%", " %")),
        ("Cameras", cameras or "none"),
        ("Before episodes", "\n".join(robot.checklist) or "Everything is where an episode begins."),
    ]


def _action(axis: ActionAxis) -> str:
    if axis.push:
        return f"{axis.label}: {axis.title or 'a choice'}"
    limit = f", limit {axis.limit:.0%}".replace("%", " %") if axis.limit < 1.0 else ""
    return f"{axis.label}: 1 is {axis.full:g} {axis.unit or 'units a second'}{limit}"
