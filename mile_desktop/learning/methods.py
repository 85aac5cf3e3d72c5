"""All learning methods by name, whatever trains them."""

from collections.abc import Collection
from dataclasses import dataclass

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.learning.objectives import METHODS, UnknownMethodError
from mile_desktop.learning.result import AnyTrainer
from mile_desktop.learning.rlif.trainer import RlifTrainer
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.learning.trainer.trainer import Trainer
from mile_desktop.policies.checkpoint import PolicyNetwork

RLIF = "rlif"


@dataclass(frozen=True, slots=True)
class MethodInfo:
    """What a menu says about a method."""

    name: str
    """On the command line."""
    title: str
    summary: str
    """One sentence for people."""


def methods() -> tuple[MethodInfo, ...]:
    """Return every method, in menu order."""
    imitating = [MethodInfo(each.name, each.title, each.summary) for each in METHODS.values()]
    learning = MethodInfo(RLIF, "RLIF", "Avoids what made you take over, by reinforcement learning.")
    return (*imitating, learning)


def make_trainer(
    steps: SupervisedSteps,
    settings: TrainingSettings,
    *,
    start: PolicyNetwork | None = None,
    mental: PolicyNetwork | None = None,
    old_episode_ids: Collection[str] = (),
) -> AnyTrainer:
    """Return the trainer of the method that ``settings`` name; parameters as for ``Trainer``.

    Raises
    ------
    UnknownMethodError
        When there is no such method.
    TrainingError
        When ``steps`` or ``start`` do not suit it.
    """
    if settings.method == RLIF:
        return RlifTrainer(steps, settings, start=start)
    if settings.method not in METHODS:
        known = ", ".join(each.name for each in methods())
        raise UnknownMethodError(f"There is no learning method {settings.method!r}; the methods are {known}.")
    return Trainer(steps, settings, start=start, mental=mental, old_episode_ids=old_episode_ids)
