"""What a hand aims at in a scene, as ``[[targets]]`` in ``scene.toml``: shown as a distance in the view."""

from collections.abc import Collection
from typing import Annotated

import msgspec


class TargetDescription(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A point of a body that the gripper, or what it holds, should reach. The first one that applies is shown."""

    title: Annotated[str, msgspec.Meta(min_length=1)]
    """For people: ``hole``."""
    body: str
    """Name of a body."""
    position: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """In the body's frame, m."""
    holding: bool = False
    """Applies while something is held; else while nothing is."""


def check_targets(targets: tuple[TargetDescription, ...], bodies: Collection[str]) -> None:
    """Raise ``ValueError`` for a target on a body that the scene does not have."""
    for target in targets:
        if target.body not in bodies:
            raise ValueError(
                f"target {target.title!r}: found body {target.body!r}, expected one of {', '.join(bodies) or 'none'}"
            )
