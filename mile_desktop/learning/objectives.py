"""How the methods differ: the weight of each step in the imitation, and whether ν itself is learned from.

Every method here minimises

    λ · BCE(p(ν=1∣s), ν)  over all supervised steps   +   (1 − λ) · Σ_i w_i (−ln π_θ(a_i∣s_i))

with weights w that sum to one over supervised and anchor steps; λ = 0 for those that only imitate. A new method is one
function from steps to weights, one entry in ``OBJECTIVES`` and one in ``method_info.METHODS``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch

from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.strata import takeover_begins
from mile_desktop.learning.method_info import MethodInfo, UnknownMethodError, method_info

SIRIUS_LEAD = 15
"""Steps before an intervention that Sirius gives almost no weight."""


CALM_LEAD = 15
"""Steps before a takeover that are not calm: what led to the takeover."""


class SampleWeights(NamedTuple):
    """How the imitation is distributed; everything sums to one."""

    supervised: torch.Tensor
    """float32[t] ≥ 0, weight of each step; 0 in demonstrations."""
    anchors: float
    """Weight of all anchor steps together, spread evenly."""


class WeightingContext(NamedTuple):
    """Numbers that a method's weights depend on besides the steps."""

    anchors: int
    """Number of anchor steps."""
    share: float
    """Least share of the mass that anchors have where there are any; 0: none, whatever there is."""
    silent_weight: float = 0.0
    """Weight of imitating the robot where the human did not take over, against 1 of imitating a human; MILE only."""
    follow_through: int = 0
    """After a shorter takeover the robot's steps up to it count as well, see ``steps_followed_through``."""
    calm_weight: float = 0.0
    """Weight of ``calm_steps``; MILE only."""
    evidence: torch.Tensor | None = None
    """float32[t], weights of silent steps in place of the two fixed ones, see ``silent_evidence``; MILE only."""
    takeover_weight: float = 1.0
    """Weight of imitating the human, and the robot's steps just after a short takeover; MILE only."""


WeightingRule = Callable[[SupervisedSteps, WeightingContext], SampleWeights]
"""Steps and what else matters → weights."""


@dataclass(frozen=True, slots=True)
class Objective:
    """One method of learning."""

    info: MethodInfo
    sample_weights: WeightingRule


class Losses(NamedTuple):
    """Terms of the objective, scalar tensors."""

    total: torch.Tensor
    action: torch.Tensor
    """Σ w (−ln π(a∣s))."""
    intervention: torch.Tensor
    """Mean BCE over the supervised steps; 0 where ν is not learned from."""
    mental: torch.Tensor
    """Mean cross-entropy of the recorded policy and the learned mental model; 0 where that is not anchored."""


def _spread(weights: torch.Tensor, mass: float) -> torch.Tensor:
    """Scale ``weights`` to the sum ``mass``; all zero stays all zero."""
    total = weights.sum()
    return weights * (mass / total) if total > 0 else weights


def _with_anchors(weights: torch.Tensor, context: WeightingContext) -> SampleWeights:
    """Give anchors their share, or more where they are many: no single correction may outweigh many demonstrations.

    With few corrections a fixed share would have the policy learn each of them, tremor and all, by heart.
    """
    if not context.anchors or not context.share:
        # Nothing to share the weight with.
        return SampleWeights(_spread(weights, 1.0), 0.0)
    # The larger one of the set share and the anchors' share of the weight.
    mass = max(context.share, context.anchors / (context.anchors + float(weights.sum())))
    return SampleWeights(_spread(weights, 1 - mass), mass)


def _robot_steps(steps: SupervisedSteps) -> torch.Tensor:
    return (~steps.intervention & ~steps.demonstration).float()


def corrections_only(steps: SupervisedSteps, context: WeightingContext) -> SampleWeights:
    """Imitate the human where ν = 1, and the anchors: HG-DAgger (Kelly et al. 2019)."""
    return _with_anchors(steps.intervention.float(), context)


def corrections_and_silence(steps: SupervisedSteps, context: WeightingContext) -> SampleWeights:
    """Imitate the human where ν = 1, the anchors, and by ``silent_weight`` the robot where ν = 0: MILE.

    The publication has ``silent_weight`` 0. The silent steps of a tolerant supervisor carry little information; then
    nothing else holds the policy where it was good enough.

    Its calm steps count by ``calm_weight``. They show the states that the robot itself gets into, and that it went on
    well from there. A few takeovers and one demonstration do not cover these states: without calm steps a policy that
    had learned the task lost it again in the next round (decision 39).

    The robot's steps just after a short takeover count like the correction itself: a person who pushes the robot onto
    the right path leaves the rest to the robot, and its next steps show what the push was for.

    With ``takeover_weight`` 0 takeovers say only which silent steps count: what led to them, and whether the episode
    ended well. A beginner's own actions can be worth less than that (decision 41).
    """
    followed = context.takeover_weight * steps_followed_through(steps, context.follow_through).float()
    human = context.takeover_weight * steps.intervention.float()
    if context.evidence is not None:
        return _with_anchors(human + torch.maximum(context.evidence, followed), context)
    tolerated = torch.maximum(
        context.silent_weight * _robot_steps(steps), context.calm_weight * calm_steps(steps).float()
    )
    return _with_anchors(human + torch.maximum(tolerated, followed), context)


def everything_executed(steps: SupervisedSteps, context: WeightingContext) -> SampleWeights:
    """Imitate every executed action alike: behaviour cloning."""
    return _with_anchors((~steps.demonstration).float(), context)


def balanced_halves(steps: SupervisedSteps, context: WeightingContext) -> SampleWeights:
    """Give interventions and the rest of the rollouts half the mass each: IWR (Mandlekar et al. 2020)."""
    human, robot = steps.intervention.float(), _robot_steps(steps)
    # With one kind alone, half of the mass would go nowhere.
    if not human.any() or not robot.any():
        return _with_anchors(human + robot, context)
    half = float(human.sum() + robot.sum()) / 2
    return _with_anchors(_spread(human, half) + _spread(robot, half), context)


def steps_before_intervention(steps: SupervisedSteps, lead: int) -> torch.Tensor:
    """Return bool[t]: ν = 0 here, and a takeover begins within the next ``lead`` steps of the same episode."""
    human, count = steps.intervention, len(steps)
    before = torch.zeros(count, dtype=torch.bool)
    # A shift for each distance: no loop over steps, and few distances.
    for ahead in range(1, min(lead, count - 1) + 1):
        same_episode = steps.episode[:-ahead] == steps.episode[ahead:]
        before[:-ahead] |= human[ahead:] & same_episode
    return before & ~human & ~steps.demonstration


def steps_followed_through(steps: SupervisedSteps, horizon: int) -> torch.Tensor:
    """Return bool[t]: ν = 0 here, and the latest takeover of the episode began fewer than ``horizon`` steps ago.

    None where takeovers last that long.
    """
    begins, after = takeover_begins(steps), torch.zeros(len(steps), dtype=torch.bool)
    for ahead in range(1, min(horizon, len(steps))):
        after[ahead:] |= begins[:-ahead] & (steps.episode[ahead:] == steps.episode[:-ahead])
    return after & ~steps.intervention & ~steps.demonstration


def calm_steps(steps: SupervisedSteps) -> torch.Tensor:
    """Return bool[t]: ν = 0, the episode ended in success, no takeover begins within the next ``CALM_LEAD`` steps."""
    return steps.success & ~steps.intervention & ~steps.demonstration & ~steps_before_intervention(steps, CALM_LEAD)


def four_classes(steps: SupervisedSteps, context: WeightingContext) -> SampleWeights:
    """Weight demonstrations, interventions, steps before one, and robot steps as Sirius does (Liu et al. 2023).

    The classes have the masses r_demo, .5, .002 and what remains (≥ 0), where r_demo is the demonstrations' share of
    all steps; a class without steps gives its mass to the others in proportion.
    """
    human = steps.intervention
    before = steps_before_intervention(steps, SIRIUS_LEAD)
    robot = ~(human | before | steps.demonstration)
    demonstrated = float(steps.demonstration.float().mean()) if context.share else 0.0
    # With many demonstrations nothing remains, and a weight must not become negative.
    remaining = max(0.0, 1 - demonstrated - 0.5 - 0.002)
    classes = ((human, 0.5), (before, 0.002), (robot, remaining))
    weights = sum((_spread(mask.float(), mass) for mask, mass in classes), torch.zeros(len(steps)))
    total = float(weights.sum()) + demonstrated
    if total <= 0:
        return _with_anchors(weights, context)
    return SampleWeights(weights / total, demonstrated / total)


_RULES: dict[str, WeightingRule] = {
    "mile": corrections_and_silence,
    "bc": everything_executed,
    "hg-dagger": corrections_only,
    "iwr": balanced_halves,
    "sirius": four_classes,
    "mile-iwr": balanced_halves,
}

OBJECTIVES: dict[str, Objective] = {name: Objective(method_info(name), rule) for name, rule in _RULES.items()}
"""Methods that minimise this objective, by name; RLIF does not."""


def objective(name: str) -> Objective:
    """Return the objective of the method ``name``, or raise ``UnknownMethodError`` where it has none."""
    if name not in OBJECTIVES:
        known = ", ".join(OBJECTIVES)
        raise UnknownMethodError(f"There is no objective {name!r}; the methods with one are {known}.")
    return OBJECTIVES[name]
