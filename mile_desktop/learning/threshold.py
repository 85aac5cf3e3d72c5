"""Cost and scale of the objective, from the data that is trained on.

They do not transfer between tasks, robots or networks, so they are fitted to ν by maximum likelihood with the networks
held fixed, after a warm-up: before it the human model is the policy that collected the episodes, every state looks
alike, and nothing could be fitted.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import optimize

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
_COST_BOUNDS, _SCALE_BOUNDS = (-1e4, 1e5), (0.02, 2000.0)


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
    middle = math.log(FALLBACK.cdf_scale)

    def negative_log_posterior(place: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        at = torch.tensor(place, device=chosen.device, requires_grad=True)
        loss = intervention_loss(model, human, mental, chosen, cost=at[0], cdf_scale=at[1].exp())
        total = loss + 0.5 * ((at[1] - middle) / _SCALE_WIDTH).square() / len(chosen)
        (gradient,) = torch.autograd.grad(total, at)
        return float(total.detach()), gradient.cpu().numpy()

    # the likelihood is flat where the scale is far too small for the distances, so a wide start is tried as well
    starts = ([FALLBACK.cost, middle], [FALLBACK.cost, math.log(_SCALE_BOUNDS[1]) / 2])
    bounds = [_COST_BOUNDS, tuple(map(math.log, _SCALE_BOUNDS))]
    found = [
        optimize.minimize(negative_log_posterior, start, jac=True, method="L-BFGS-B", bounds=bounds) for start in starts
    ]
    best = min(found, key=lambda each: float(each.fun))
    return Threshold(float(best.x[0]), math.exp(best.x[1]))
