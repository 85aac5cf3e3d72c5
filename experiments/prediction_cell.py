"""How well takeovers are predicted: for the robot of the training data, and just after another policy is promoted."""

import copy
from collections.abc import Mapping
from typing import Literal

import msgspec
import numpy as np
import torch

from experiments.fixtures import Fixtures, open_fixtures
from experiments.oracle_model import oracle_chooser, oracle_model
from experiments.recovery_cell import SEEDS_A_CELL, SUPERVISED_SEED
from experiments.signals import (
    behind_schedule,
    counterfactual_contrast,
    failure_value,
    weighed_together,
)
from experiments.starts import BUNDLED_START, Start, with_start
from experiments.supervisor_setup import SimulatedSupervisor, supervisor_of
from experiments.temporal_cell import existing
from experiments.variants import RECORDED_RECIPE, SILENT, TODAY_RECIPE
from mile_desktop.arrays import Float64Array
from mile_desktop.evaluation.scorecard import EarlyPoint, FittedStall
from mile_desktop.evaluation.scorecard_builder import early_points, fitted_stall
from mile_desktop.generation.episode_collection import collect
from mile_desktop.intervention.compare import ComparedPredictor, compare_predictors
from mile_desktop.intervention.data import SupervisedSteps
from mile_desktop.intervention.early_accuracy import early_accuracy
from mile_desktop.intervention.fit import FitSettings, fit_intervention_model
from mile_desktop.intervention.forecast_fit import fit_forecast, forecast_probabilities
from mile_desktop.intervention.model import InterventionModel
from mile_desktop.intervention.scores import PredictionScores, score_probabilities, takeover_ahead
from mile_desktop.learning.dataset import supervised_steps
from mile_desktop.learning.methods import make_trainer
from mile_desktop.learning.settings import TrainingSettings
from mile_desktop.operators.no_operator import NoOperator
from mile_desktop.operators.probit import ProbitSettings
from mile_desktop.policies.checkpoint import PolicyNetwork
from mile_desktop.policies.policy import Policy
from mile_desktop.policies.torch_policy import as_policy
from mile_desktop.storage.records import Episode

REFIT_EPISODES = 8
"""Supervised episodes of the promoted robot after which everything is fitted again."""

_MILE = frozenset({"mile, single", "mile, ensemble", "temporal"})
"""They predict the present step. For takeovers within ten steps only their ranking can be scored, not their level."""


class PredictionCell(msgspec.Struct, frozen=True, kw_only=True, tag="prediction", forbid_unknown_fields=True):
    """Predictors are fitted to supervision of the initial policy; then a retrained policy drives."""

    scene: str = "peg-insertion"
    supervision: SimulatedSupervisor = SimulatedSupervisor()
    method: str = "mile"
    """How the promoted policy is trained."""
    epochs: int = 60
    episodes: int = 20
    held_out: int = 12
    """Episodes predictors are scored on, of each robot."""
    unattended: int = 30
    """Episodes of the promoted robot alone, from which the success value is learned."""
    fit_epochs: int = 40
    """Epochs of the intervention model's fit."""
    seed: int = 0
    recipe: Literal["recorded", "default"] = "recorded"
    """How the promoted policy is trained: as in the earlier results, or with the program's defaults of today."""
    ideas: bool = True
    """Whether signals that were tried and not taken up are scored, too."""
    start: Start = BUNDLED_START
    """The initial policy and the demonstrations; by default the bundled ones."""

    @property
    def title(self) -> str:
        """For progress lines."""
        return f"prediction, {self.scene}, {self.supervision.title}, seed {self.seed}"

    @property
    def slug(self) -> str:
        """For file names."""
        recipe = "" if self.recipe == "recorded" else f"-{self.recipe}"
        first = f"-first-{self.episodes}" if self.start.demonstrations else ""
        return f"prediction-{self.scene}-{self.supervision.kind}-{self.seed}{recipe}{first}"


class ReliabilityPoint(msgspec.Struct, frozen=True, array_like=True):
    """One bin of the reliability curve: steps of similar predicted probability."""

    predicted: float
    observed: float
    steps: int


class PredictorScore(msgspec.Struct, frozen=True, kw_only=True):
    """One predictor of a takeover within ten steps, on one robot's held-out episodes."""

    name: str
    auroc: float | None
    phase_matched_auroc: float | None
    brier: float | None = None
    calibration_error: float | None = None
    """This and the next only for predictors that give a probability of a takeover within ten steps."""
    reliability: tuple[ReliabilityPoint, ...] = ()
    early: tuple[EarlyPoint, ...] = ()
    """Empty in results from before it was measured."""
    stall: FittedStall | None = None


class RobotScores(msgspec.Struct, frozen=True, kw_only=True):
    """All predictors on one robot."""

    steps: int
    rate: float
    """Share of the autonomous steps with a takeover within ten."""
    takeovers: int
    scores: tuple[PredictorScore, ...]


class PredictionOutcome(msgspec.Struct, frozen=True, kw_only=True, tag="prediction"):
    """Scores with the collecting and with the promoted robot."""

    unattended_success: float
    """Of the promoted policy."""
    collecting: RobotScores
    promoted: RobotScores

    @property
    def summary(self) -> str:
        """For progress lines."""
        parts = []
        for name, robot in (("collecting", self.collecting), ("promoted", self.promoted)):
            found = {each.name: each for each in robot.scores}["forecast"]
            raw, matched = found.auroc or 0.0, found.phase_matched_auroc or 0.0
            parts.append(f"{name} {robot.takeovers} takeovers, forecast {raw:.2f}, matched {matched:.2f}")
        return "; ".join(parts)


def run_prediction(cell: PredictionCell) -> PredictionOutcome:
    """Run the cell; equal cells give equal results."""
    with open_fixtures(cell.scene) as opened:
        return _Prediction(cell, with_start(opened, cell.start, cell.seed)).run()


class _Prediction:
    """Episodes, models and scores of one cell."""

    def __init__(self, cell: PredictionCell, fixtures: Fixtures) -> None:
        self._cell, self._fixtures = cell, fixtures
        self._next_seed = SUPERVISED_SEED + cell.seed * SEEDS_A_CELL

    def run(self) -> PredictionOutcome:
        cell, fixtures = self._cell, self._fixtures
        initial = as_policy(fixtures.initial, "initial")
        recorded = self._collect(initial, cell.episodes)
        train = supervised_steps(recorded, fixtures.demonstrations)
        settings = FitSettings(
            actions="categorical" if fixtures.info.choices else "gaussian", epochs=cell.fit_epochs, seed=cell.seed
        )
        model = fit_intervention_model(train, settings).model
        # The seeds count up with every collection, so the order of these lines is part of the result: old cells would
        # give other numbers after a change.
        same_robot = supervised_steps(self._collect(initial, cell.held_out))
        promoted = as_policy(self._retrained(train), "promoted")
        alone = self._collect(promoted, cell.unattended, supervised=False)
        newer = self._collect(promoted, REFIT_EPISODES + cell.held_out)
        return PredictionOutcome(
            unattended_success=float(np.mean([each.record.outcome == "success" for each in alone])),
            collecting=self._score(model, train, same_robot, self._own_distance(same_robot)),
            promoted=self._score_promoted(model, recorded, newer, alone),
        )

    def _collect(self, policy: Policy, episodes: int, *, supervised: bool = True) -> tuple[Episode, ...]:
        operator = supervisor_of(self._cell.supervision, self._fixtures.expert) if supervised else NoOperator()
        first = self._next_seed
        self._next_seed += episodes
        return collect(
            self._fixtures.driven, self._fixtures.info, policy, operator, first_seed=first, episodes=episodes
        )

    def _retrained(self, train: SupervisedSteps) -> PolicyNetwork:
        cell = self._cell
        recorded = {**RECORDED_RECIPE, **SILENT, "epochs": cell.epochs}
        settings = TrainingSettings(
            method=cell.method, seed=cell.seed, **(recorded if cell.recipe == "recorded" else TODAY_RECIPE)
        )
        return make_trainer(train, settings, start=copy.deepcopy(self._fixtures.initial)).run().network

    # ── scores ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _score_promoted(
        self,
        model: InterventionModel,
        recorded: tuple[Episode, ...],
        newer: tuple[Episode, ...],
        alone: tuple[Episode, ...],
    ) -> RobotScores:
        """Score on the last episodes of the promoted robot; the first ones are for predictors that are fitted again."""
        train = supervised_steps(recorded, self._fixtures.demonstrations)
        longer = supervised_steps([*recorded, *newer[:REFIT_EPISODES]], self._fixtures.demonstrations)
        test = supervised_steps(newer[REFIT_EPISODES:])
        both = supervised_steps(newer)
        # All episodes of the new policy get signals at once; refitted predictors learn only from the first ones.
        known = torch.isin(both.episode, torch.arange(REFIT_EPISODES)).numpy()
        asked, ahead = takeover_ahead(both)
        signals: dict[str, Float64Array] = {}
        if self._cell.ideas:
            signals["failure value"] = failure_value(alone, both, seed=self._cell.seed)
            signals["counterfactual contrast"] = counterfactual_contrast(train, both)
        if model.forecast is not None and self._cell.ideas:
            signals["behind schedule"] = behind_schedule(model.forecast, train, both)
            # Steps without a forecast become even odds below; they are not among those that are scored.
            fresh = _log_odds(forecast_probabilities(model, both))
            signals["forecast + ideas, refitted"] = weighed_together(
                [np.nan_to_num(fresh), *signals.values()], known & asked, ahead
            )
        if model.forecast is not None:
            refitted = fit_forecast(model, longer, seed=self._cell.seed)
            if refitted is not None:
                signals["forecast, refitted"] = forecast_probabilities(model, both, refitted)
        # Scored only on episodes that no predictor was fitted to, the refitted and the old ones alike.
        beyond = {name: each[~known] for name, each in signals.items()}
        again = {
            f"{each.name}, refitted": each
            for each in compare_predictors(model, longer, test)
            if each.name in {"stopwatch", "history logistic", "neural classifier", "stall"}
        }
        return self._score(model, train, test, {**beyond, **self._own_distance(test)}, again)

    def _score(
        self,
        model: InterventionModel,
        train: SupervisedSteps,
        test: SupervisedSteps,
        signals: Mapping[str, Float64Array],
        again: Mapping[str, ComparedPredictor] | None = None,
    ) -> RobotScores:
        asked, ahead = takeover_ahead(test)
        elapsed = test.step.numpy()
        compared = {each.name: each for each in compare_predictors(model, train, test)} | dict(again or {})
        scored = {name: each.ahead for name, each in compared.items()} | {
            name: score_probabilities(_squashed(each)[asked], ahead[asked], elapsed[asked])
            for name, each in signals.items()
        }
        # Brier score and calibration only of probabilities: ranks have an order and no level.
        levels = {name for name in scored if name not in _MILE and ("refitted" in name or name not in signals)}
        taken, episode = test.intervention.numpy(), test.episode.numpy()
        early = {name: each.early for name, each in compared.items()} | {
            name: early_accuracy(np.where(asked, _squashed(each), np.nan), taken, episode)
            for name, each in signals.items()
        }
        # At the border of two episodes a takeover begins again: the arrays lie one behind the other.
        begins = taken & ~np.concatenate(([False], taken[:-1] & (np.diff(episode) == 0)))
        return RobotScores(
            steps=int(asked.sum()),
            rate=float(ahead[asked].mean()),
            takeovers=int(begins.sum()),
            scores=tuple(
                msgspec.structs.replace(
                    _as_score(name, each, level=name in levels),
                    early=early_points(early[name]),
                    stall=fitted_stall(compared[name].stall) if name in compared else None,
                )
                for name, each in scored.items()
            ),
        )

    def _own_distance(self, test: SupervisedSteps) -> dict[str, Float64Array]:
        """Return the distance that the supervisor itself decides by at each step; no predictor has it."""
        expert, human = self._fixtures.expert, ProbitSettings()
        sizes = test.observation.shape[1], test.action.shape[1]
        discrete = bool(self._fixtures.info.choices)
        known = (
            oracle_chooser(expert, human.slip, *sizes) if discrete else oracle_model(expert, human.expert_std, *sizes)
        )
        distances = known.distances(test.observation, test.policy_mean, test.policy_std)[0]
        return {"supervisor's own distance": distances.numpy()}


def _as_score(name: str, scores: PredictionScores, *, level: bool) -> PredictorScore:
    return PredictorScore(
        name=name,
        auroc=existing(scores.auroc),
        phase_matched_auroc=existing(scores.phase_matched_auroc),
        brier=scores.brier if level else None,
        calibration_error=scores.calibration_error if level else None,
        reliability=tuple(ReliabilityPoint(each.predicted, each.observed, each.steps) for each in scores.reliability)
        if level
        else (),
    )


def _squashed(signal: Float64Array) -> Float64Array:
    """Map a signal into [0, 1] and keep its order; probabilities are returned unchanged."""
    if np.nanmin(signal) >= 0 and np.nanmax(signal) <= 1:
        return signal
    order = np.argsort(np.argsort(np.nan_to_num(signal), kind="stable"), kind="stable")
    ranked: Float64Array = order / max(1, len(signal) - 1)
    return ranked


def _log_odds(probability: Float64Array) -> Float64Array:
    p = np.clip(probability, 1e-4, 1 - 1e-4)
    odds: Float64Array = np.log(p) - np.log1p(-p)
    return odds
