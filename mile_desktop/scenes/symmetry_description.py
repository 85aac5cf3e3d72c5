"""The table of ``scene.toml`` about the symmetries of a task; imports no simulator."""

from typing import Annotated

import msgspec


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of the tables: unknown keys are errors."""


class ReflectionDescription(_Part, frozen=True):
    """A mirror image of the task, by the labels of the observation's entries and of the actions."""

    negated: tuple[str, ...] = ()
    """Entries that change their sign."""
    swapped: tuple[tuple[str, str], ...] = ()
    """Entries that change places."""
    action_negated: tuple[str, ...] = ()
    action_swapped: tuple[tuple[str, str], ...] = ()


class SymmetryDescription(_Part, frozen=True):
    """Movements that do not change the task. A missing value follows from the labels; 0 switches a movement off."""

    rotation_deg: Annotated[float, msgspec.Meta(ge=0.0, le=180.0)] | None = None
    """A training turns recorded steps about the vertical by up to ± this angle."""
    translation_m: Annotated[float, msgspec.Meta(ge=0.0)] | None = None
    """A training moves the hand's position by up to ± this."""
    reflection: ReflectionDescription | None = None
