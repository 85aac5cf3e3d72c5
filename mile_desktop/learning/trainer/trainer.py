"""One trainer for all methods that minimise an ``Objective``."""

import copy
import math
from collections.abc import Collection, Mapping
from typing import Literal

import torch
from torch import nn

from mile_desktop.intervention.cost_fit import FALLBACK, Threshold
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.learning.batches import TrainingData, build_training_data
from mile_desktop.learning.criterion import Criterion, Networks
from mile_desktop.learning.dataset import split_episodes
from mile_desktop.learning.member_networks import MemberNetworks, TrainedNetwork, acting, is_discrete, one_of
from mile_desktop.learning.method_info import FEW_TAKEOVERS
from mile_desktop.learning.objectives import Losses, objective
from mile_desktop.learning.progress import Warned
from mile_desktop.learning.result import CancelCheck, Report, TrainingCancelled, TrainingError, TrainingResult
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.learning.silent_evidence import SilentEvidence, fit_evidence
from mile_desktop.learning.symmetry import moved_batch, symmetric_rows
from mile_desktop.learning.trainer.epoch_loop import EpochTrainer, Tensors
from mile_desktop.learning.trainer.held_out_data import HeldOutData, OldData
from mile_desktop.learning.trainer.initial_networks import fingerprint, first_trained, training_device
from mile_desktop.learning.trainer.state import (
    TrainerState,
    optimiser_tensors,
    prefixed,
    restore_optimiser,
    unprefixed,
)
from mile_desktop.policies.checkpoint import PolicyNetwork
from mile_desktop.policies.symmetry import NO_SYMMETRY, Symmetry

__all__ = ["Trainer", "TrainingCancelled", "TrainingError", "TrainingResult"]

_FITS = 4  # of cost and scale over a training; each takes a second or two
_LAST_FIT = 0.6  # share of the epochs after which the objective stays as it is, so that losses compare
_SETTLED = 0.8  # share of a cosine schedule after which weights are candidates
_MEASUREMENTS = 40  # held-out measurements over a training, at most: each passes over all held-out rows


class Trainer(EpochTrainer):
    """Trains one policy by an ``Objective``; see ``EpochTrainer`` for ``run`` and checkpoints.

    Parameters
    ----------
    steps : SupervisedSteps
        All recorded steps; held-out episodes are taken out here.
    start : PolicyNetwork or None
        The parent: where the training begins (``warm_start``), or else only what its architecture is. Not changed.
    mental : PolicyNetwork or None
        Learned mental model of an earlier round; a copy of the policy where there is none.
    old_episode_ids : collection of str
        Episodes that ``start`` learned from, for the tripwire; demonstrations always belong to them.
    symmetry : Symmetry
        Applied to the rows of every batch; held-out rows stay as they were recorded.

    Raises
    ------
    TrainingError
        When no step is left to imitate or to learn from, or ``start`` is for other observations or actions.
    """

    loss_names = Losses._fields

    def __init__(
        self,
        steps: SupervisedSteps,
        settings: TrainingSettings,
        *,
        start: PolicyNetwork | None = None,
        mental: PolicyNetwork | None = None,
        old_episode_ids: Collection[str] = (),
        symmetry: Symmetry = NO_SYMMETRY,
    ) -> None:
        self._objective = objective(settings.method)
        self._device = training_device(settings.device)
        split = split_episodes(steps, share=settings.held_out, seed=settings.seed)
        data = self._build_data(
            split.train, settings, follow_through=settings.follow_through, calm_weight=settings.calm
        )
        self._steps, self._moves = split.train, symmetry
        self._check_data(data)
        self._learns_from_decisions = (
            self._objective.info.learns_from_decisions and settings.balance > 0 and len(data.supervised) > 0
        )
        policy = first_trained(split.train, settings, start).to(self._device)
        self._symmetry = None if symmetry.is_empty else symmetric_rows(symmetry, one_of(policy), self._device)
        self._networks = Networks(policy, self._first_mental(policy, mental, settings))
        self._criterion = Criterion(self._objective, settings, policy)
        self._held_out = HeldOutData(
            self._build_data(split.held_out, settings), self._criterion, corrections_matter=data.corrections > 0
        )
        self._old = OldData(split.held_out, old_episode_ids, self._criterion, self._device)
        self._watches_forgetting = start is not None and settings.warm_start and len(self._old) > 0
        # A copy: the optimiser changes the weights in place.
        self._start = copy.deepcopy(policy.state_dict())
        self._best = self._start
        # Both networks in one optimiser, see ``_parameters``.
        self._optimiser = torch.optim.Adam(self._parameters(), lr=settings.learning_rate, fused=True)
        self._epoch_threshold: Threshold | None = None
        state = TrainerState(
            fingerprint=fingerprint(steps, settings, self._start, symmetry),
            cost=settings.cost,
            cdf_scale=settings.cdf_scale,
        )
        super().__init__(settings, data, state)

    def _tensors(self) -> Tensors:
        """See ``EpochTrainer``."""
        tensors = {
            **prefixed("network", self._networks.policy.state_dict()),
            **prefixed("best", self._best),
            **prefixed("optimiser", optimiser_tensors(self._optimiser)),
        }
        if self._networks.mental is not None:
            tensors |= prefixed("mental", self._networks.mental.state_dict())
        return tensors

    def _load(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See ``EpochTrainer``."""
        self._networks.policy.load_state_dict(unprefixed("network", tensors))
        self._best = unprefixed("best", tensors)
        restore_optimiser(self._optimiser, unprefixed("optimiser", tensors))
        if self._networks.mental is not None:
            self._networks.mental.load_state_dict(unprefixed("mental", tensors))

    # ── setting up ───────────────────────────────────────────────────────────────────────────────────────────────

    def _build_data(
        self,
        steps: SupervisedSteps,
        settings: TrainingSettings,
        *,
        follow_through: int = 0,
        calm_weight: float = 0.0,
        evidence: SilentEvidence | None = None,
    ) -> TrainingData:
        """Return the data for the method.

        Held-out data has no ``follow_through`` and no calm steps: judged by the robot's own steps, the policy that ran
        is always best.
        """
        return build_training_data(
            steps,
            self._objective.sample_weights,
            anchor_share=settings.anchor_share,
            silent_weight=settings.silence,
            follow_through=follow_through,
            calm_weight=calm_weight,
            takeover_weight=settings.takeovers,
            evidence=evidence,
            device=self._device,
        )

    def _check_data(self, data: TrainingData) -> None:
        imitated = bool(data.weight.any()) or (data.anchor_mass > 0 and len(data.anchors) > 0)
        if not imitated and not (self._objective.info.learns_from_decisions and len(data.supervised)):
            raise TrainingError(
                f"{self._objective.info.title} finds no step to learn from: no takeover and no demonstration. "
                "Take over at least once, or choose another method."
            )

    def _first_mental(
        self, policy: TrainedNetwork, mental: PolicyNetwork | None, settings: TrainingSettings
    ) -> PolicyNetwork | None:
        if not self._objective.info.learns_from_decisions or settings.mental_model == "frozen":
            return None
        return copy.deepcopy(one_of(policy) if mental is None else mental).train().to(self._device)

    def _parameters(self) -> list[nn.Parameter]:
        """One Adam over both networks, as published."""
        return [each for network in self._networks if network is not None for each in network.parameters()]

    def _warn(self, report: Report) -> None:
        """See ``EpochTrainer``."""
        # A resumed training has warned already.
        if self._state.epoch or not len(self._data.supervised):
            return
        if not len(self._data.anchors):
            report(Warned(text="No demonstrations and no successful rollouts to hold on to: the policy may forget."))
        takeovers = _takeovers(self._data)
        if takeovers < FEW_TAKEOVERS:
            found = f"Only {takeovers} takeover{'' if takeovers == 1 else 's'} to learn from"
            if not takeovers:
                found = "No takeover to learn from: there is none, or all their steps are left out"
            report(Warned(text=f"{found}; with fewer than {FEW_TAKEOVERS} a retrained policy can be worse."))

    def _prepare(self, report: Report, cancelled: CancelCheck) -> None:
        """See ``EpochTrainer``: fit the models of the human that silence is weighed by."""
        settings = self._settings
        weighs = settings.silence_rule == "weighed" and self._objective.info.uses("silence_rule")
        if not weighs or not len(self._data.supervised):
            return
        kind: Literal["gaussian", "categorical"] = "categorical" if is_discrete(self._networks.policy) else "gaussian"
        evidence = fit_evidence(self._steps, settings, kind, self._moves, report=report, cancelled=cancelled)
        # Rows and anchors stay as they are: only targets and weights of silent steps change.
        self._data = self._build_data(self._steps, settings, follow_through=settings.follow_through, evidence=evidence)

    # ── one epoch ────────────────────────────────────────────────────────────────────────────────────────────────

    def _begin_epoch(self) -> None:
        """See ``EpochTrainer``: c and σ_Φ stay the same for a whole epoch."""
        self._epoch_threshold = self._threshold()

    def _update(self, supervised: torch.Tensor, anchors: torch.Tensor, *, done: float) -> torch.Tensor:
        """See ``EpochTrainer``."""
        self._set_learning_rate(done)
        batch = self._data.batch(supervised, anchors)
        if self._symmetry is not None:
            batch = moved_batch(batch, self._symmetry, self._generator)
        losses = self._criterion.losses(self._networks, batch, self._epoch_threshold)
        self._optimiser.zero_grad(set_to_none=True)
        losses.total.backward()  # type: ignore[no-untyped-call]
        self._limit_gradients()
        self._optimiser.step()
        return torch.stack(losses).detach()

    def _limit_gradients(self) -> None:
        """Shorten a large gradient: a step that contradicts the model would undo many small ones."""
        policy, limit = self._networks.policy, self._settings.gradient_limit
        if not isinstance(policy, MemberNetworks):
            nn.utils.clip_grad_norm_(self._parameters(), limit)
            return
        # Each by itself, as if it learned alone; the loss is the mean over all of them.
        for member in policy.members:
            nn.utils.clip_grad_norm_(member.parameters(), limit / len(policy.members))
        if self._networks.mental is not None:
            nn.utils.clip_grad_norm_(self._networks.mental.parameters(), limit)

    def _threshold(self) -> Threshold | None:
        """Return c and σ_Φ of the coming epoch; None while ν is not used.

        A value that is not set is fitted when the warm-up ends, and again as the networks improve: right after the
        warm-up the human model differs from the robot everywhere, and with a cost fitted to it silent steps would say
        little.
        """
        settings, state = self._settings, self._state
        fits = _fitting_epochs(settings)
        if not self._learns_from_decisions or state.epoch < fits[0]:
            return None
        if state.epoch in fits and (settings.cost is None or settings.cdf_scale is None):
            fitted = self._criterion.fit_threshold(self._networks, self._data)
            assumed = fitted or FALLBACK
            state.calibrated = fitted is not None
            state.cost = assumed.cost if settings.cost is None else settings.cost
            # Kept in the state, so that a resumed training goes on with the same objective.
            state.cdf_scale = assumed.cdf_scale if settings.cdf_scale is None else settings.cdf_scale
        if state.cost is None or state.cdf_scale is None:
            raise TrainingError("The checkpoint holds no cost and scale; start the training again.")
        return Threshold(state.cost, state.cdf_scale)

    def _set_learning_rate(self, done: float) -> None:
        share = 0.5 * (1 + math.cos(math.pi * done)) if self._settings.schedule == "cosine" else 1.0
        for group in self._optimiser.param_groups:
            group["lr"] = self._settings.learning_rate * share

    # ── choosing the weights ────────────────────────────────────────────────────────────────────────────

    def _measure(self) -> dict[str, float]:
        """Measure on held-out data now and then, and remember the best weights there."""
        state = self._state
        every = max(1, self._settings.epochs // _MEASUREMENTS)
        if state.epoch % every and state.epoch < self._settings.epochs:
            return {}
        if not self._watches_forgetting and not self._held_out.can_choose:
            return {}
        policy = acting(self._networks.policy)
        measured = {"old": self._old.error(policy)} if self._watches_forgetting else {}
        if not self._held_out.can_choose:
            return measured
        # The start is a candidate as well: a training on few takeovers can make the policy worse.
        if state.best_error is None:
            self._consider(0, self._held_out.error(self._network_with(self._start)))
        error = self._held_out.error(policy)
        if self._has_settled():
            self._consider(state.epoch, error)
        return {**measured, "held_out": error}

    def _has_settled(self) -> bool:
        """Whether weights may be kept: at a high learning rate they jump, and one good measurement is chance."""
        return self._settings.schedule == "constant" or self._state.epoch >= _SETTLED * self._settings.epochs

    def _consider(self, epoch: int, error: float) -> None:
        if self._state.best_error is not None and error >= self._state.best_error:
            return
        self._state.best_error, self._state.best_epoch = error, epoch
        self._best = self._start if epoch == 0 else copy.deepcopy(self._networks.policy.state_dict())

    def _network_with(self, weights: dict[str, torch.Tensor]) -> PolicyNetwork:
        network = copy.deepcopy(self._networks.policy)
        network.load_state_dict(weights)
        return acting(network)

    def _finish(self, report: Report) -> TrainingResult:
        """See ``EpochTrainer``."""
        state = self._state
        # Without held-out episodes the last weights are used.
        if state.best_epoch is not None:
            self._networks.policy.load_state_dict(self._best)
        if state.best_epoch == 0:
            report(Warned(text="No epoch was better on held-out episodes than the start; its weights were kept."))
        return TrainingResult(
            forgetting=self._check_tripwire(report),
            network=acting(self._networks.policy).cpu().eval(),
            mental=None if self._networks.mental is None else self._networks.mental.cpu().eval(),
            loss=state.loss,
            held_out_error=state.best_error,
            best_epoch=state.epoch if state.best_epoch is None else state.best_epoch,
            threshold=self._threshold(),
            calibrated=state.calibrated,
        )

    def _check_tripwire(self, report: Report) -> float | None:
        if not self._watches_forgetting:
            return None
        # Measured now and not before the training, so that it also works after a resume.
        before = self._old.error(self._network_with(self._start))
        growth = self._old.error(acting(self._networks.policy)) / max(before, 1e-9)
        if growth >= self._settings.tripwire:
            report(
                Warned(
                    text=f"The policy may be forgetting: its error on held-out earlier data grew {growth:.1f}-fold. "
                    "Evaluate before using it, or raise the replay ratio."
                )
            )
        return growth


def _fitting_epochs(settings: TrainingSettings) -> tuple[int, ...]:
    """Return the epochs before which c and σ_Φ are fitted, in rising order, all before the last epoch."""
    first = min(settings.warm_up, _LAST_FIT)
    shares = [first + (_LAST_FIT - first) * index / (_FITS - 1) for index in range(_FITS)]
    return tuple(min(round(share * settings.epochs), settings.epochs - 1) for share in shares)


def _takeovers(data: TrainingData) -> int:
    """Count where ν goes from 0 to 1; close enough for a warning where one episode ends and the next begins in ν."""
    flags = data.intervention[data.supervised] > 0
    if not len(flags):
        return 0
    return int((flags[1:] & ~flags[:-1]).sum()) + int(flags[0])
