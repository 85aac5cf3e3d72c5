"""Policies and statuses the window's tests show."""

import msgspec
from ui_children import status

from mile_desktop.rollout.messages import PadState, Status
from mile_desktop.ui.policy_entry import PolicyEntry

GUID = "030000005e040000130b000009050000"

ENTRIES = (
    PolicyEntry("p3", "v3", "MILE", "p2", "v2", "2026-11-20T10:11:12+00:00", 14, 39, 50, "after the corner cases"),
    PolicyEntry("p2", "v2", "MILE", "p0", "v0", "2026-11-19T09:01:12+00:00", 9, 31, 50),
    PolicyEntry("p0", "v0", "BC", None, "", "2026-11-18T08:00:00+00:00", 0, None, 0),
)


def status_with(**changes: object) -> Status:
    return msgspec.structs.replace(status(1), **changes)


def pad(*active: str, connected: bool = True, guid: str = GUID, **fields: object) -> PadState:
    base = PadState(
        name="Xbox pad", guid=guid, axes=(0.0,) * 6, buttons=(False,) * 11, connected=connected, active_controls=active
    )
    return msgspec.structs.replace(base, **fields)
