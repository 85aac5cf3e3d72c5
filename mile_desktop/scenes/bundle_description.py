"""The table ``[bundle]`` of ``scene.toml``: how the files that ship with a scene are made; imports no simulator."""

from typing import Annotated

import msgspec

_AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]
_AtLeastZero = Annotated[int, msgspec.Meta(ge=0)]


class BundleDescription(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Settings of ``mile-desktop bundle`` for a scene."""

    demonstrations: _AtLeastOne = 18
    """Episodes of the expert that the initial policy imitates; the fewer, the worse it is."""
    epochs: _AtLeastZero = 150
    """Of its training; 0: as many as it needs to converge."""
    seed: _AtLeastZero = 0
    """Of its training; with few demonstrations the result depends on chance."""
    held_out: Annotated[float, msgspec.Meta(ge=0.0, le=0.5)] = 0.1
    """Share of the demonstrations that is only used for validation; with few demonstrations 0 is better."""
    supervised: _AtLeastOne = 40
    """Episodes of a simulated supervisor, for the intervention model."""
    unattended: _AtLeastOne = 60
    """Episodes that nobody watches, for the forecast: how attempts end that nobody corrects."""
    hidden: tuple[_AtLeastOne, ...] = (256, 256)
    """Widths of the policy's hidden layers. Long observations make large first layers, and bundles are installed with
    the program."""
    members: _AtLeastOne = 8
    """Human-action models in the ensemble of the intervention model."""
    member_hidden: tuple[_AtLeastOne, ...] = (128, 128)
    """Widths of their hidden layers."""
