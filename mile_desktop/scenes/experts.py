"""Scripted experts: the actions of a good operator, as a function of the observation alone.

They have no memory and no phases, so they can take over in any state. Flawed versions produce the failures that
supervision has to catch. The module of each scene defines its own experts.
"""

from mile_desktop.errors import UserError
from mile_desktop.scenes.modules import load_module
from mile_desktop.scenes.task import Expert


class UnknownExpertError(UserError, ValueError):
    """There is no scripted expert for that scene, or no flaw of that name."""


def load_expert(scene: str, flaw: str | None = None) -> Expert:
    """Return the expert of ``scene``, or a version of it with one of its ``expert_flaws``.

    Raises
    ------
    UnknownExpertError
        The scene has no expert, or no such flaw.
    UnknownSceneError, SceneModuleError
        There is no such scene, or its module is broken.
    """
    module = load_module(scene)
    if module.expert is None:
        raise UnknownExpertError(f"The scene {scene!r} has no expert; its module can define one as EXPERT.")
    if flaw is None:
        return module.expert
    if flaw not in module.flaws:
        raise UnknownExpertError(f"There is no flaw {flaw!r} for {scene!r}; there are {', '.join(module.flaws)}.")
    return module.flaws[flaw]


def expert_flaws(scene: str) -> tuple[str, ...]:
    """Return the names of the flaws that ``load_expert`` knows for ``scene``; raises what it raises."""
    return tuple(load_module(scene).flaws)
