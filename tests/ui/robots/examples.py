"""A robot's status as the worker sends it."""

import msgspec

from mile_desktop.rollout import messages as m

_STATUS = m.RobotStatus(
    name="Toy arm",
    address="tcp://127.0.0.1:5870",
    up=True,
    problem="",
    mode="disarmed",
    armed=False,
    may_drive=True,
    driver="me",
    obstacle="The robot is not armed; arm it first.",
    round_trip_ms=0.8,
    clock_offset_ms=0.1,
    clock_error_ms=0.4,
    speed=0.0,
    refused=0,
    lost=0,
)


def status(**changes: object) -> m.RobotStatus:
    return msgspec.structs.replace(_STATUS, **changes)
