"""The terms of the objective, written once for learning a policy and for fitting the models of the human.

    J = λ · BCE(p(ν=1∣s), ν)  over all supervised steps  +  (1 − λ) · (−ln π(a∣s))  over imitated actions

(arXiv 2502.13519). The imitation term is ``ActionDistribution.negative_log_likelihood``.
"""

import torch

from mile_desktop.intervention.action_distributions import DecisionTerms
from mile_desktop.intervention.probability import Scalar, intervention_log_probability_at
from mile_desktop.intervention.quadrature import NODES

LogProbabilities = tuple[torch.Tensor, torch.Tensor]
"""ln p(ν=1∣s) and ln p(ν=0∣s), [...] each."""


def bounded_log_probabilities(
    terms: DecisionTerms, *, cost: Scalar, cdf_scale: Scalar, least: float, nodes: int = NODES
) -> LogProbabilities:
    """Return ln p and ln(1 − p), none below ``least``: a single step that contradicts the model must not rule the loss.

    p is bounded in losses only, never where it is shown or calibrated.
    """
    log_p, log_not_p = intervention_log_probability_at(
        terms.distance, terms.threshold_loss, cost=cost, cdf_scale=cdf_scale, nodes=nodes
    )
    return log_p.clamp(min=least), log_not_p.clamp(min=least)


def decision_loss(log_probabilities: LogProbabilities, intervention: torch.Tensor) -> torch.Tensor:
    """Return −ln P(ν) of each step, the binary cross-entropy of ν = ``intervention``, bool[...]."""
    return -torch.where(intervention, *log_probabilities)


def outcome_loss(
    log_policy: torch.Tensor, log_probabilities: LogProbabilities, action: torch.Tensor, intervention: torch.Tensor
) -> torch.Tensor:
    """Return the negative log-likelihood of what happened among A + 1 outcomes: "took over with a" and "did not".

    −ln(π(a) p) where ν = 1, −ln(1 − p) where ν = 0 (arXiv 2502.13519, the discrete objective); the probabilities of
    the outcomes sum to one.

    Parameters
    ----------
    log_policy : torch.Tensor
        float64[..., A], ln π.
    log_probabilities : tuple of torch.Tensor
        ln p and ln(1 − p), float64[...] each.
    action : torch.Tensor
        float[..., A], one-hot; looked at where ν = 1.
    intervention : torch.Tensor
        bool[...], ν.
    """
    # The same action for every member, whose own probability of it is looked up.
    chosen = action.argmax(-1, keepdim=True).expand(*log_policy.shape[:-1], 1)
    took_over = log_policy.gather(-1, chosen).squeeze(-1) + log_probabilities[0]
    return -torch.where(intervention, took_over, log_probabilities[1])


def combined(balance: float, decision: torch.Tensor, imitation: torch.Tensor) -> torch.Tensor:
    """Return λ · ``decision`` + (1 − λ) · ``imitation``, with λ = ``balance``."""
    return balance * decision + (1 - balance) * imitation
