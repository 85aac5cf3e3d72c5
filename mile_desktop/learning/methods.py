"""The trainer of a learning method, by the method's name."""

from collections.abc import Collection

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.learning.method_info import METHODS, RLIF, MethodInfo, UnknownMethodError, method_info
from mile_desktop.learning.rlif.trainer import RlifTrainer
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.learning.trainer.epoch_loop import EpochTrainer
from mile_desktop.learning.trainer.trainer import Trainer
from mile_desktop.policies.checkpoint import PolicyNetwork
from mile_desktop.policies.symmetry import NO_SYMMETRY, Symmetry

__all__ = ["METHODS", "RLIF", "MethodInfo", "UnknownMethodError", "make_trainer", "methods"]


def methods() -> tuple[MethodInfo, ...]:
    """Return every method, in menu order."""
    return METHODS


def make_trainer(
    steps: SupervisedSteps,
    settings: TrainingSettings,
    *,
    start: PolicyNetwork | None = None,
    mental: PolicyNetwork | None = None,
    old_episode_ids: Collection[str] = (),
    symmetry: Symmetry = NO_SYMMETRY,
) -> EpochTrainer:
    """Return the trainer of the method that ``settings`` name; parameters as for ``Trainer``.

    Raises
    ------
    UnknownMethodError
        When there is no such method.
    TrainingError
        When ``steps`` or ``start`` do not suit it.
    """
    if method_info(settings.method).name == RLIF:
        return RlifTrainer(steps, settings, start=start, symmetry=symmetry)
    return Trainer(steps, settings, start=start, mental=mental, old_episode_ids=old_episode_ids, symmetry=symmetry)
