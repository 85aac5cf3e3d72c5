"""The training of an ensemble of human-action models: all members at once, as one batched training.

Each member minimises the objective of the publication on its own two thirds of the episodes,

    λ · BCE(p(ν=1∣s), ν) over all supervised steps + (1 − λ) · (−ln π(a_h∣s)) over corrections and demonstrations,

with the π̂ that was recorded with each step. Members share nothing but the scale of the observations, so one optimiser
over the stacked weights trains them independently.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import msgspec
import torch

from mile_desktop.intervention.action_distributions import Distribution
from mile_desktop.intervention.cost_fit import (
    FALLBACK,
    CalibrationError,
    RecordedDecisions,
    Threshold,
    fit_cost_and_scale,
)
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.ensemble import HIDDEN, HUMAN_STD_FLOOR, MEMBERS, HumanEnsemble
from mile_desktop.intervention.model import ModelConfig, build_ensemble, build_mental
from mile_desktop.intervention.objective_terms import bounded_log_probabilities, combined, decision_loss, outcome_loss
from mile_desktop.intervention.strata import (
    imitated_actions,
    left_out_names,
    stratify,
    supervised_episodes,
    supervised_rows,
)
from mile_desktop.policies.limits import STD_CEILING
from mile_desktop.policies.symmetric_rows import SymmetricRows
from mile_desktop.policies.symmetry import NO_SYMMETRY, Symmetry

_LEAST_LOG = math.log(1e-4)  # members see few steps: one contradiction would otherwise outweigh a whole batch
_NODES = 16  # three digits are plenty for a gradient
_MOST_CHECKED = 1500  # steps on which members are compared with themselves, epoch by epoch
_MENTAL_UPDATES = 400


class FitCancelled(Exception):  # noqa: N818 - a request, not an error
    """Stopped by request; nothing was written."""


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How an intervention model is fitted; raises ``ValueError`` where a setting is out of range."""

    members: int = MEMBERS
    """1 is the published model."""
    actions: Literal["gaussian", "categorical"] = "gaussian"
    """What the human's actions are."""
    hidden: tuple[int, ...] = HIDDEN
    epochs: int = 40
    updates_per_epoch: int = 30
    batch: int = 128
    """Decisions a member sees in an update; as many imitated actions beside them."""
    learning_rate: float = 1e-3
    balance: float = 0.5
    """λ."""
    anchor_share: float = 0.5
    """Share of the imitated actions that come from anchors where there are both."""
    warm_up: float = 0.3
    """Share of the epochs that only imitate, before cost and scale can be calibrated."""
    gradient_limit: float = 10.0
    """Largest norm of a member's gradient."""
    mental_rule: Literal["running", "learned"] = "running"
    temporal: bool = True
    forecast: bool = True
    """Whether the temporal model and the forecast are fitted as well, where the takeovers allow it."""
    std_floor: float = HUMAN_STD_FLOOR
    std_ceiling: float = STD_CEILING
    symmetry: Symmetry = NO_SYMMETRY
    """Applied to every row that members learn from; what they are judged by stays as it was recorded."""
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.members, self.epochs, self.updates_per_epoch, self.batch) < 1 or self.learning_rate <= 0:
            raise ValueError("members, epochs, updates_per_epoch, batch and learning_rate must be positive.")
        for name in ("balance", "anchor_share", "warm_up"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be between 0 and 1.")


@dataclass(frozen=True, slots=True)
class FitProgress:
    """Where a fit is, after each epoch."""

    epoch: int
    epochs: int
    losses: dict[str, float] = field(default_factory=dict)
    """Means over members and the epoch: ``total``, ``action``, ``intervention``."""


class _Rows(NamedTuple):
    """What an update reads of ``b`` steps of every member."""

    observation: torch.Tensor
    """float32[members, b, n]."""
    target: torch.Tensor
    """float32[members, b, a]."""
    policy_mean: torch.Tensor
    policy_std: torch.Tensor
    intervention: torch.Tensor
    """bool[members, b], ν."""


class EnsembleTrainer:
    """One batched training of all members; keeps each member's weights of its best epoch."""

    def __init__(
        self, steps: SupervisedSteps, settings: FitSettings, described: ModelConfig, cancelled: Callable[[], bool]
    ) -> None:
        self._steps, self._settings, self._cancelled = steps, settings, cancelled
        self._described = described
        self._random = torch.Generator().manual_seed(settings.seed)
        # The random numbers are drawn in a fixed order: division of episodes, weights, then batches. A fit repeats
        # exactly.
        self.strata = stratify(steps, settings.members, self._random)
        self._target = imitated_actions(steps)
        self._ensemble = build_ensemble(described)
        self._ensemble.initialise(self._random)
        self._ensemble.fit_normalisation(steps.observation)
        self._parameters = list(self._ensemble.parameters())
        self._checked = self._rows_to_check()
        sizes = steps.observation.shape[1], steps.action.shape[1]
        self._symmetry = None if settings.symmetry.is_empty else SymmetricRows(settings.symmetry, *sizes)
        # Members that never improve keep these first weights.
        self._best = [each.detach().clone() for each in self._parameters]
        self._best_score = torch.full((settings.members,), math.inf)

    def run(self, report: Callable[[FitProgress], None], *, takeovers: int) -> ModelConfig:
        """Train; return what the model is now known to be, with the cost and scale that the objective used."""
        threshold = self._train(report) or FALLBACK
        episode_ids = supervised_episodes(self._steps)
        return msgspec.structs.replace(
            self._described,
            cost=threshold.cost,
            cdf_scale=threshold.cdf_scale,
            episode_ids=episode_ids,
            left_out=left_out_names(self._steps, self.strata.left_out, episode_ids),
            takeovers=takeovers,
        )

    def _train(self, report: Callable[[FitProgress], None]) -> Threshold | None:
        """Train; return cost and scale of the objective, None where no epoch got so far."""
        settings = self._settings
        optimiser = torch.optim.Adam(self._parameters, lr=settings.learning_rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, settings.epochs)
        # Before this, the distances are those of random networks, and cost and scale fitted to them would mislead.
        warm_up = round(settings.warm_up * settings.epochs)
        threshold: Threshold | None = None
        for epoch in range(settings.epochs):
            if epoch == warm_up:
                # From here on the objective is another one; scores from before do not compare with it.
                threshold = self._calibrated()
                self._best_score.fill_(math.inf)
            losses = self._run_epoch(optimiser, threshold)
            schedule.step()
            # After each epoch and not each update, because the check evaluates thousands of rows.
            self._keep_best(threshold)
            report(FitProgress(epoch + 1, settings.epochs, losses))
        return threshold

    def _run_epoch(self, optimiser: torch.optim.Optimizer, threshold: Threshold | None) -> dict[str, float]:
        """Update through one epoch; return its mean losses."""
        totals = torch.zeros(3)
        for _ in range(self._settings.updates_per_epoch):
            self.stop_if_cancelled()
            totals += self._update(optimiser, threshold)
        action, intervention, total = (totals / self._settings.updates_per_epoch).tolist()
        return {"total": total, "action": action, "intervention": intervention}

    def stop_if_cancelled(self) -> None:
        """Raise ``FitCancelled`` where that was asked for."""
        if self._cancelled():
            raise FitCancelled

    def best(self) -> HumanEnsemble:
        """Return the ensemble with every member at its best epoch."""
        with torch.no_grad():
            for parameter, best in zip(self._parameters, self._best, strict=True):
                parameter.copy_(best)
        return self._ensemble.eval().requires_grad_(requires_grad=False)

    def fit_mental(self, config: ModelConfig) -> HumanEnsemble | None:
        """Fit a network to the recorded π̂ where the model is to guess it, by least cross-entropy."""
        mental = build_mental(config)
        pool = self.strata.decisions
        if mental is None or pool is None:
            return None
        mental.initialise(self._random)
        mental.fit_normalisation(self._steps.observation)
        # A training of its own: π̂ is learned from the recorded distributions alone.
        optimiser = torch.optim.Adam(mental.parameters(), lr=self._settings.learning_rate)
        for _ in range(_MENTAL_UPDATES):
            self.stop_if_cancelled()
            rows = pool.draw(self._settings.batch, self._random)[0]
            guessed = mental.distribution(self._steps.observation[rows])
            recorded = mental.actions.recorded(self._steps.policy_mean[rows], self._steps.policy_std[rows])
            loss = mental.actions.cross_entropy(guessed, recorded).mean()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        return mental.eval().requires_grad_(requires_grad=False)

    # ── one update ───────────────────────────────────────────────────────────────────────────────────────────────

    def _update(self, optimiser: torch.optim.Optimizer, threshold: Threshold | None) -> torch.Tensor:
        imitated = self._draw_imitated()
        # Both kinds go through the networks in one pass, which costs less than two.
        decided = self._draw_decisions() if threshold else imitated[:, :0]
        rows = torch.cat((decided, imitated), 1)
        seen = self._seen(rows)
        human = self._ensemble.distribution(seen.observation)
        split = decided.shape[1]
        imitating = tuple(each[:, split:] for each in human)
        action = self._ensemble.actions.negative_log_likelihood(imitating, seen.target[:, split:]).mean(1)
        intervention = torch.zeros_like(action)
        total = action
        if threshold is not None and split:
            deciding = tuple(each[:, :split] for each in human)
            robot = _Rows(*(each[:, :split] for each in seen))
            intervention = self._decision_loss(deciding, robot, threshold).mean(1).to(action.dtype)
            total = combined(self._settings.balance, intervention, action)
        optimiser.zero_grad()
        # The sum over members: they share no weights, so each gets the gradient of its own loss alone.
        total.sum().backward()  # type: ignore[no-untyped-call]
        self._clip_gradients()
        optimiser.step()
        return torch.stack([each.detach().mean() for each in (action, intervention, total)])

    def _seen(self, rows: torch.Tensor) -> "_Rows":
        """Return what is learned from at int64[members, b] ``rows``, each row moved by the symmetry."""
        seen = self._recorded(rows)
        if self._symmetry is None:
            return seen
        moves = self._symmetry.draw(tuple(rows.shape), self._random)
        return seen._replace(
            observation=self._symmetry.observation(seen.observation, moves),
            target=self._symmetry.action(seen.target, moves),
            policy_mean=self._symmetry.action(seen.policy_mean, moves),
            policy_std=self._symmetry.spread(seen.policy_std, moves),
        )

    def _recorded(self, rows: torch.Tensor) -> "_Rows":
        steps = self._steps
        return _Rows(
            steps.observation[rows],
            self._target[rows],
            steps.policy_mean[rows],
            steps.policy_std[rows],
            steps.intervention[rows],
        )

    def _draw_decisions(self) -> torch.Tensor:
        pool = self.strata.decisions
        if pool is None:
            return torch.zeros(self._settings.members, 0, dtype=torch.long)
        return pool.draw(self._settings.batch, self._random)

    def _draw_imitated(self) -> torch.Tensor:
        count, strata = self._settings.batch, self.strata
        pools = [pool for pool in (strata.anchors, strata.corrections) if pool is not None]
        if len(pools) == 1:
            return pools[0].draw(count, self._random)
        from_anchors = round(self._settings.anchor_share * count)
        # The rest and not a second rounding: the two must add up to the batch.
        shares = (from_anchors, count - from_anchors)
        return torch.cat([pool.draw(share, self._random) for pool, share in zip(pools, shares, strict=True)], 1)

    def _decision_loss(self, human: Distribution, seen: "_Rows", threshold: Threshold) -> torch.Tensor:
        """Return minus the log-likelihood of each row's decision, float64[members, b].

        Of ν for continuous actions; of one of the A + 1 outcomes for discrete ones, as published.
        """
        terms = self._ensemble.decision_terms(human, seen.policy_mean, seen.policy_std)
        pair = bounded_log_probabilities(
            terms, cost=threshold.cost, cdf_scale=threshold.cdf_scale, least=_LEAST_LOG, nodes=_NODES
        )
        if self._settings.actions == "categorical":
            return outcome_loss(human[0], pair, seen.target, seen.intervention)
        return decision_loss(pair, seen.intervention)

    def _clip_gradients(self) -> None:
        """Limit the norm of each member's own gradient: a wild member must not slow the others down."""
        gradients = [each.grad for each in self._parameters if each.grad is not None]
        norm = torch.stack([each.flatten(1).square().sum(1) for each in gradients]).sum(0).sqrt()
        # The bound keeps a gradient of 0 from dividing by 0.
        factor = (self._settings.gradient_limit / norm.clamp(min=1e-12)).clamp(max=1.0)
        for gradient in gradients:
            gradient.mul_(factor[:, None, None])

    # ── out of the bag ───────────────────────────────────────────────────────────────────────────────────────────

    def _rows_to_check(self) -> torch.Tensor:
        """Return supervised and anchor rows, thinned evenly."""
        anchors = self.strata.anchors
        kinds = [supervised_rows(self._steps).nonzero()[:, 0]]
        if anchors is not None:
            kinds.append(torch.tensor(sorted(set(anchors.rows.flatten().tolist()))))
        # Each kind for itself: anchors are often few and must not vanish among the other steps.
        thinned = [rows[:: max(1, -(-len(rows) // _MOST_CHECKED))] for rows in kinds]
        return torch.tensor(sorted({row for rows in thinned for row in rows.tolist()}))

    @torch.no_grad()
    def _keep_best(self, threshold: Threshold | None) -> None:
        """Remember the weights of members that did better than ever on the episodes they do not learn from."""
        rows, steps = self._checked, self._steps
        human = self._ensemble.distribution(steps.observation[rows])
        unseen = self.strata.left_out[:, rows]
        supervised = supervised_rows(steps)[rows]
        correction = supervised & steps.intervention[rows]
        imitation = self._ensemble.actions.negative_log_likelihood(human, self._target[rows])
        # Corrections and anchors count equally, whatever their numbers are.
        score = _mean_where(imitation, unseen & correction) + _mean_where(imitation, unseen & ~supervised)
        if threshold is not None and bool(supervised.any()):
            deciding = tuple(each[:, supervised] for each in human)
            recorded = self._recorded(rows[supervised].expand(self._settings.members, -1))
            loss = self._decision_loss(deciding, recorded, threshold)
            balance = self._settings.balance
            score = combined(balance, 2 * _mean_where(loss, unseen[:, supervised]), score)
        # A member that has seen every episode cannot be checked. It keeps its newest weights.
        better = (score < self._best_score) | ~unseen.any(1)
        self._best_score = torch.where(better, score.float(), self._best_score)
        for best, parameter in zip(self._best, self._parameters, strict=True):
            best[better] = parameter[better]

    @torch.no_grad()
    def _calibrated(self) -> Threshold:
        rows = self._checked[supervised_rows(self._steps)[self._checked]]
        steps = self._steps
        if not len(rows):
            return FALLBACK
        outputs = self._ensemble.member_outputs(
            steps.observation[rows], steps.policy_mean[rows], steps.policy_std[rows]
        )
        unseen = self.strata.left_out[:, rows]
        try:
            decisions = RecordedDecisions(
                distances=outputs.distances,
                asked=unseen | ~unseen.any(0),
                intervention=steps.intervention[rows],
                threshold_loss=outputs.threshold_loss,
            )
        except CalibrationError:
            return FALLBACK
        # This method runs without gradients, but the fit of the two numbers needs them.
        with torch.enable_grad():
            return fit_cost_and_scale(decisions, start=FALLBACK)


def _mean_where(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the mean of each row over ``mask``, 0 where it is empty."""
    return torch.where(mask, values, 0.0).sum(1) / mask.sum(1).clamp(min=1)
