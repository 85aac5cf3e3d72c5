"""The gate before generation: where the person stepped in, the learned human must be nearer to them than the policy."""

from dataclasses import dataclass

import torch

from mile_desktop.errors import UserError
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.model import InterventionModel
from mile_desktop.intervention.strata import takeover_begins

LEAST_TAKEOVERS = 5
"""With fewer held-out takeovers one of them decides the comparison."""


class GateError(UserError):
    """Nothing is generated; the message is the reason."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """The comparison on held-out takeovers. Errors are root mean squares over the entries of an action."""

    takeovers: int
    human_error: float
    """Of the learned human, by members that have not seen the episode."""
    policy_error: float
    """Of the policy that ran in that episode, which therefore has not learned from it either."""

    @property
    def refused(self) -> str:
        """Why nothing may be generated; empty where it may."""
        if self.takeovers < LEAST_TAKEOVERS:
            return (
                f"Nothing is generated: {self.takeovers} takeovers can be used to check the learned human, at least "
                f"{LEAST_TAKEOVERS} are needed. Take over more often, then retrain."
            )
        # Not a test of significance: a human that is only as good as the policy has nothing to teach it.
        if self.human_error >= self.policy_error:
            return (
                f"Nothing is generated: in {self.takeovers} held-out takeovers the learned human is "
                f"{self.human_error:.2f} from what you did and the policy {self.policy_error:.2f}, so it has nothing "
                "to teach. Take over more often, then retrain."
            )
        return ""

    @property
    def text(self) -> str:
        """Return the comparison as a sentence."""
        return (
            f"In {self.takeovers} held-out takeovers the learned human is {self.human_error:.2f} from what you did, "
            f"the policy {self.policy_error:.2f}."
        )


def check_gate(model: InterventionModel, steps: SupervisedSteps) -> GateResult:
    """Compare the learned human of ``model`` with the policies that ran, on the takeovers in ``steps``.

    Every takeover counts once, however long it was: a long one would otherwise decide alone.
    """
    rows = steps.intervention & ~steps.demonstration
    asked = model.unseen(steps) & rows
    # A takeover that every member has seen says nothing about a new one.
    rows = rows & asked.any(0)
    numbers = takeover_begins(steps).cumsum(0)[rows]
    if not len(numbers):
        return GateResult(0, 0.0, 0.0)
    outputs = model.member_outputs(steps.observation[rows], steps.policy_mean[rows], steps.policy_std[rows])
    share = asked[:, rows].float()[..., None]
    mean = (outputs.means * share).sum(0) / share.sum(0)
    human = steps.human_action[rows]
    return GateResult(
        takeovers=len(set(numbers.tolist())),
        human_error=_error(mean, human, numbers),
        policy_error=_error(steps.policy_mean[rows], human, numbers),
    )


def _error(found: torch.Tensor, wanted: torch.Tensor, takeover: torch.Tensor) -> float:
    squares = (found.float() - wanted).square().mean(1)
    means = [squares[takeover == number].mean() for number in sorted(set(takeover.tolist()))]
    return float(torch.stack(means).mean().sqrt())
