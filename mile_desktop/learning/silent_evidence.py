"""Silent steps weighed by who knows better: the robot that a person tolerated, or models of the person.

At a silent step there are two sources of evidence about what the person would have done. The robot's action: the person
tolerated it, so theirs lies within the distance that costs less than stepping in. And the models of the person that
have not seen the episode: theirs lies within their own spread. Both are combined by their precisions. Without
demonstrations the models know little and silence counts; where they are sure it does not; in between it changes
continuously.
"""

from typing import Literal, NamedTuple

import torch

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.ensemble import CategoricalEnsemble
from mile_desktop.intervention.fit import FitCancelled, FitProgress, FitSettings, fit_intervention_model
from mile_desktop.intervention.model import InterventionModel
from mile_desktop.intervention.strata import NothingToLearnError
from mile_desktop.learning.dataset import human_targets
from mile_desktop.learning.objectives import calm_steps
from mile_desktop.learning.progress import Progress
from mile_desktop.learning.result import CancelCheck, Report, TrainingCancelled
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.policies.symmetry import Symmetry

_LEAST_VARIANCE = 1e-4
"""Of the models' mean. Two members can agree by chance, and a precision without a limit would leave nothing to the
robot."""


class SilentEvidence(NamedTuple):
    """What to imitate at silent steps, and how much."""

    target: torch.Tensor
    """float32[t, a]; elsewhere without meaning."""
    weight: torch.Tensor
    """float32[t] in [0, 1], against 1 of imitating a human; 0 where the person drove and in demonstrations."""


class _Models(NamedTuple):
    """What the members say at each step."""

    mean: torch.Tensor
    """float32[members, t, a]; probabilities of discrete actions."""
    std: torch.Tensor
    """float32[members, t, a]."""
    asked: torch.Tensor
    """bool[members, t, 1]: the member is asked about this step."""

    def average(self, values: torch.Tensor) -> torch.Tensor:
        """Return the mean of ``values`` over the members that are asked, [t, a]."""
        return (values * self.asked).sum(0) / self.asked.sum(0)

    def uncertainty(self) -> torch.Tensor:
        """Return the variance by which the members' mean may be wrong, float32[t, a], as they claim it."""
        members = self.asked.sum(0)
        between = self.average((self.mean - self.average(self.mean)).square())
        # The variance of a few members, corrected for their number, and that of their mean. One member alone has none:
        # then the person's own spread is all there is to say.
        few = between * (members + 1) / (members - 1).clamp(min=1)
        return torch.where(members > 1, few, self.average(self.std.square())).clamp(min=_LEAST_VARIANCE)


def silent_evidence(steps: SupervisedSteps, model: InterventionModel) -> SilentEvidence:
    """Return the evidence at the silent steps of ``steps``.

    Parameters
    ----------
    steps : SupervisedSteps
        Whole episodes.
    model : InterventionModel
        Fitted to the same episodes; each is judged by the members that have not seen it.
    """
    unseen = model.unseen(steps)
    # With fewer than three episodes every member has seen every one of them; then all of them are asked.
    asked = (unseen | ~unseen.any(0)).unsqueeze(-1)
    with torch.no_grad():
        outputs = model.member_outputs(steps.observation, steps.policy_mean, steps.policy_std)
    models = _Models(outputs.means, outputs.stds, asked)
    shown = human_targets(steps)
    silent = ~steps.intervention & ~steps.demonstration
    # Tolerated only where nothing contradicts it: not just before a takeover, not in an episode that failed, and not
    # where no person watched.
    tolerated = calm_steps(steps)
    if steps.unattended is not None:
        tolerated = tolerated & ~steps.unattended
    if isinstance(model.ensemble, CategoricalEnsemble):
        found = _discrete(steps.action, models, tolerated)
    else:
        found = _continuous(steps.action, models, tolerated, model.config.cost, too_sure(shown, models, ~silent))
    return SilentEvidence(found.target, torch.where(silent, found.weight, torch.zeros(())))


def fit_evidence(
    steps: SupervisedSteps,
    settings: TrainingSettings,
    actions: Literal["gaussian", "categorical"],
    symmetry: Symmetry,
    *,
    report: Report,
    cancelled: CancelCheck,
) -> SilentEvidence | None:
    """Fit models of the human to ``steps`` and return what they and the robot say about silence.

    About 14 s for eight members and 40 epochs, however many episodes there are. The same data and settings give the
    same evidence, so that a training that is continued goes on with it.
    None where there is no human action to learn from.

    Raises
    ------
    TrainingCancelled
        When ``cancelled`` returned True.
    """
    wanted = FitSettings(
        members=settings.ensemble,
        actions=actions,
        epochs=settings.fit_epochs,
        symmetry=symmetry,
        seed=settings.seed,
        temporal=False,
        forecast=False,
    )
    try:
        fitted = fit_intervention_model(
            steps, wanted, on_progress=lambda progress: report(_reported(progress)), cancelled=cancelled
        )
    except NothingToLearnError:
        return None
    except FitCancelled as error:
        raise TrainingCancelled from error
    return silent_evidence(steps, fitted.model)


def _reported(progress: FitProgress) -> Progress:
    # The bar does not move: it shows the epochs of the policy, which have not begun.
    text = f"Fitting models of you to weigh silence, epoch {progress.epoch} of {progress.epochs}"
    return Progress(stage="policy", fraction=0.0, text=text)


def too_sure(shown: torch.Tensor, models: _Models, human: torch.Tensor) -> float:
    """Return how many times the models' variance has to be larger to be as large as their error, at least 1.

    Networks that have seen few episodes agree with one another where they are all wrong. So their variance is judged at
    the person's own steps, by members that have not seen them.

    Parameters
    ----------
    shown : Tensor
        float32[t, a], what the person did.
    human : Tensor
        bool[t], the person's steps: takeovers and demonstrations.
    """
    if not bool(human.any()):
        return 1.0
    claimed = models.uncertainty()[human].mean()
    error = (models.average(models.mean) - shown)[human].square().mean()
    return max(1.0, float(error / claimed))


def _continuous(
    robot: torch.Tensor, models: _Models, tolerated: torch.Tensor, cost: float, factor: float = 1.0
) -> SilentEvidence:
    """Combine Gaussians.

    K ≈ d²/(2σ²) is the distance by which a robot that errs by d costs the person more than their own action, so they
    tolerate d² ≤ 2cσ² over all entries. Their own action scatters by σ² around what they mean, even where c is 0.
    """
    human = models.average(models.std.square())
    expected = models.average(models.mean)
    uncertain = factor * models.uncertainty()
    tolerance = human * (1 + 2 * max(cost, 0.0) / robot.shape[-1])
    precisions = torch.where(tolerated[:, None], 1 / tolerance, torch.zeros(())), 1 / uncertain
    together = precisions[0] + precisions[1]
    target = (robot * precisions[0] + expected * precisions[1]) / together
    # A correction scatters by σ²; a target with a larger uncertainty counts less in proportion.
    weight = (human / (human + 1 / together)).mean(-1)
    return SilentEvidence(target.float(), weight.float())


def _discrete(robot: torch.Tensor, models: _Models, tolerated: torch.Tensor) -> SilentEvidence:
    """Weigh the robot's choice by the probability that the models give to it.

    Choices have no mean between them, so the target stays the robot's. Models that know nothing leave it 1/A.
    """
    chosen = (models.average(models.mean) * robot).sum(-1)
    return SilentEvidence(robot, torch.where(tolerated, chosen, torch.zeros(())).float())
