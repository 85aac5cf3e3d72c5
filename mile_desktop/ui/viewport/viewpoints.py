"""Viewpoints that a person has saved: names and positions of the camera, as plain values. No Qt."""

import msgspec

from mile_desktop.ui.viewport.orbit import DISTANCE_RANGE_M, PITCH_RANGE, REACH_M, Orbit

MOST = 20
"""For each scene; a longer menu would not fit a small screen."""
NAME_LENGTH = 40
_STEM = "Viewpoint"


class Viewpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One saved position of the camera, see ``Orbit``."""

    name: str
    yaw_deg: float
    pitch_deg: float
    distance_m: float
    target: tuple[float, float, float]
    follows_end_effector: bool = False

    @property
    def orbit(self) -> Orbit:
        """The position, within the limits of the mouse: a settings file may be edited by hand."""
        x, y, z = (min(max(each, -REACH_M), REACH_M) for each in self.target)
        return Orbit(
            yaw_deg=(self.yaw_deg + 180.0) % 360.0 - 180.0,
            pitch_deg=min(max(self.pitch_deg, PITCH_RANGE[0]), PITCH_RANGE[1]),
            distance_m=min(max(self.distance_m, DISTANCE_RANGE_M[0]), DISTANCE_RANGE_M[1]),
            target=(x, y, z),
            follows_end_effector=self.follows_end_effector,
        )


Viewpoints = tuple[Viewpoint, ...]


def viewpoint_at(orbit: Orbit, known: Viewpoints) -> Viewpoint:
    """Return the position ``orbit`` with a name that none of ``known`` has."""
    return Viewpoint(
        name=free_name(f"{_STEM} {len(known) + 1}", known),
        yaw_deg=orbit.yaw_deg,
        pitch_deg=orbit.pitch_deg,
        distance_m=orbit.distance_m,
        target=orbit.target,
        follows_end_effector=orbit.follows_end_effector,
    )


def free_name(wanted: str, known: Viewpoints) -> str:
    """Return ``wanted`` on one line and not too long, with a number behind it where one of ``known`` has that name."""
    # A line break or a tab would spoil the menu, which shows the key behind a tab.
    name = " ".join(wanted.split())[:NAME_LENGTH] or _STEM
    taken = {each.name for each in known}
    numbers = (f"{name} ({number})" for number in range(2, len(known) + 3))
    return name if name not in taken else next(each for each in numbers if each not in taken)


def renamed(known: Viewpoints, name: str, wanted: str) -> Viewpoints:
    """Return ``known`` with another name for the one called ``name``; unchanged where there is none."""
    others = tuple(each for each in known if each.name != name)
    new = free_name(wanted, others)
    return tuple(msgspec.structs.replace(each, name=new) if each.name == name else each for each in known)


def removed(known: Viewpoints, name: str) -> Viewpoints:
    """Return ``known`` without the one called ``name``."""
    return tuple(each for each in known if each.name != name)


def restored(known: Viewpoints, viewpoint: Viewpoint, index: int) -> Viewpoints:
    """Return ``known`` with a removed viewpoint at its old place; a name that is used again gets a number."""
    back = msgspec.structs.replace(viewpoint, name=free_name(viewpoint.name, known))
    return (*known[:index], back, *known[index:])


def saved_as(orbit: Orbit, known: Viewpoints) -> str:
    """Return the name under which this position is saved already; empty for none."""
    return next((each.name for each in known if each.orbit == orbit), "")
