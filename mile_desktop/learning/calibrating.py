"""Cost and scale of the objective, from the data that is trained on.

They do not transfer between tasks, robots or networks, so they are fitted to ν by maximum likelihood with the networks
held fixed, after a warm-up: before it the human model is the policy that collected the episodes, every state looks
alike, and nothing could be fitted.
"""

import math
from typing import NamedTuple

import torch

from mile_desktop.learning.action_models import ActionModel, Distribution
from mile_desktop.learning.objectives import intervention_loss


class Threshold(NamedTuple):
    """What the decision to step in depends on besides the networks."""

    cost: float
    """c."""
    cdf_scale: float
    """σ_Φ > 0."""


FALLBACK = Threshold(cost=2.0, cdf_scale=2.0)
"""Assumed where the data does not determine it: nobody took over, or nobody let go."""

MOST_STEPS = 4000
"""More are thinned out evenly; two scalars need no more, and a cancel must not wait."""

_SCALE_WIDTH = 1.5  # of a log-normal prior on σ_Φ about the fallback: separable data would drive it to zero
_ITERATIONS = 40


def fit_threshold(
    model: ActionModel, human: Distribution, mental: Distribution, intervention: torch.Tensor
) -> Threshold | None:
    """Fit c and σ_Φ to ν.

    Parameters
    ----------
    human, mental : Distribution
        π_θ and π̂ at ``t`` steps.
    intervention : torch.Tensor
        float32[t], ν.

    Returns
    -------
    Threshold or None
        None where ν never varies.
    """
    rate = float(intervention.mean())
    if not 0 < rate < 1:
        return None
    stride = -(-len(intervention) // MOST_STEPS)
    human, mental = (tuple(each[::stride].double() for each in pair) for pair in (human, mental))
    chosen = intervention[::stride].double()
    place = torch.tensor([FALLBACK.cost, math.log(FALLBACK.cdf_scale)], dtype=torch.float64, device=chosen.device)
    place.requires_grad_()
    optimiser = torch.optim.LBFGS([place], max_iter=_ITERATIONS, line_search_fn="strong_wolfe")

    def negative_log_posterior() -> torch.Tensor:
        optimiser.zero_grad()
        loss = intervention_loss(model, human, mental, chosen, cost=place[0], cdf_scale=place[1].exp())
        prior = 0.5 * ((place[1] - math.log(FALLBACK.cdf_scale)) / _SCALE_WIDTH).square() / len(chosen)
        total = loss + prior
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimiser.step(negative_log_posterior)  # type: ignore[no-untyped-call]
    cost, log_scale = place.tolist()
    if not (math.isfinite(cost) and math.isfinite(log_scale)):
        return None
    return Threshold(cost, math.exp(log_scale))
