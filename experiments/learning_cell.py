"""One learner under one supervisor: rollouts, retraining and evaluation, round after round."""

import copy
import time
from typing import Any

import msgspec

from experiments.episode_collection import collect
from experiments.fixtures import Fixtures, as_policy, open_fixtures
from experiments.supervisor_setup import SimulatedSupervisor, supervisor_of
from mile_desktop.errors import UserError
from mile_desktop.evaluation.evaluate import FIRST_EVALUATION_SEED, EpisodeResult, evaluate, evaluation_seeds
from mile_desktop.learning.dataset import supervised_steps
from mile_desktop.learning.methods import make_trainer
from mile_desktop.learning.result import TrainingError, TrainingResult
from mile_desktop.learning.settings import TrainingSettings, settings_from_json, settings_to_json
from mile_desktop.operators.inaccurate import Belief
from mile_desktop.operators.operator import FloatArray
from mile_desktop.policies.checkpoint import PolicyNetwork
from mile_desktop.storage.records import Episode

SEEDS_A_CELL = 1000
"""Episode seeds that belong to one seed of an experiment; all methods see the same starts."""


class CellError(UserError, ValueError):
    """The settings of a cell make no sense together."""


class LearningCell(msgspec.Struct, frozen=True, kw_only=True, tag="learning", forbid_unknown_fields=True):
    """Everything one curve depends on."""

    scene: str
    method: str
    """What tables call it: a key of ``variants.VARIANTS``."""
    training: dict[str, Any] = {}
    """Training settings that differ from the program's defaults, the learning method's name among them."""
    supervision: SimulatedSupervisor = SimulatedSupervisor()
    seed: int = 0
    rounds: int = 4
    episodes: int = 5
    """Supervised episodes a round."""
    evaluate: int = 50
    """Seeds the policy is evaluated on."""
    evaluated_after: tuple[int, ...] = ()
    """Rounds after which it is evaluated, besides at the start; empty: all of them."""

    def __post_init__(self) -> None:
        if min(self.rounds, self.episodes, self.evaluate) < 1 or self.seed < 0:
            raise CellError("rounds, episodes and evaluate must be positive and the seed not negative.")
        if self.rounds * self.episodes > SEEDS_A_CELL or (self.seed + 1) * SEEDS_A_CELL > FIRST_EVALUATION_SEED // 2:
            raise CellError(
                f"Seed {self.seed} with {self.rounds} rounds of {self.episodes} episodes would use up more than its "
                f"{SEEDS_A_CELL} starts, or reach those that are evaluated on; use fewer."
            )
        if any(not 1 <= each <= self.rounds for each in self.evaluated_after):
            raise CellError(f"evaluated_after is {self.evaluated_after}; there are {self.rounds} rounds.")

    @property
    def title(self) -> str:
        """For progress lines."""
        return f"{self.scene}, {self.method}, {self.supervision.title}, seed {self.seed}"

    @property
    def slug(self) -> str:
        """For file names."""
        return f"{self.scene}-{self.method}-{self.supervision.kind}-{self.seed}"

    def settings(self) -> TrainingSettings:
        """Return the settings of the trainings; ``SettingsError`` where they make no sense."""
        return settings_from_json({**settings_to_json(TrainingSettings(seed=self.seed)), **self.training})


class LearningPoint(msgspec.Struct, frozen=True, kw_only=True):
    """The learner after one round."""

    round: int
    """0: as it began."""
    steps: int = 0
    human_steps: int = 0
    takeovers: int = 0
    rescued: int = 0
    """Supervised episodes that ended in success; this and the numbers above are of all rounds so far."""
    outcomes: str = ""
    """Of the evaluation, one sign a seed: ``1`` success, ``0`` failure, ``x`` broke down. Empty: not evaluated."""
    cost: float | None = None
    cdf_scale: float | None = None
    best_epoch: int | None = None
    forgetting: float | None = None
    note: str = ""
    training_s: float = 0.0
    """Processor time."""

    @property
    def evaluated(self) -> int:
        """Evaluation episodes that ran to their end."""
        return len(self.outcomes) - self.outcomes.count("x")

    @property
    def success(self) -> float:
        """Success rate of the evaluation; NaN where there was none."""
        return self.outcomes.count("1") / self.evaluated if self.evaluated else float("nan")


class LearningCurve(msgspec.Struct, frozen=True, kw_only=True, tag="learning"):
    """Result of a ``LearningCell``."""

    initial_policy: str
    settings: dict[str, Any]
    """All settings of the trainings."""
    points: tuple[LearningPoint, ...]

    @property
    def summary(self) -> str:
        """For progress lines."""
        shown = [f"{each.success:.2f}" for each in self.points if each.outcomes]
        return f"{' → '.join(shown)} with {self.points[-1].human_steps} human steps"


def run_learning(cell: LearningCell) -> LearningCurve:
    """Run the cell; equal cells give equal curves."""
    with open_fixtures(cell.scene) as fixtures:
        learner = _Learner(cell, fixtures)
        points = [LearningPoint(round=0, outcomes=_initial_outcomes(fixtures, cell.evaluate))]
        points.extend(learner.round(number) for number in range(1, cell.rounds + 1))
    return LearningCurve(
        initial_policy=fixtures.initial_id, settings=settings_to_json(cell.settings()), points=tuple(points)
    )


class _Learner:
    """Where a learner stands between rounds."""

    def __init__(self, cell: LearningCell, fixtures: Fixtures) -> None:
        self._cell, self._fixtures = cell, fixtures
        self._settings = cell.settings()
        self._networks: list[PolicyNetwork] = [fixtures.initial]
        self._mental: PolicyNetwork | None = None
        self._episodes: list[Episode] = []

    def round(self, number: int) -> LearningPoint:
        """Collect, retrain, evaluate."""
        learned_from = tuple(each.record.episode_id for each in self._episodes)
        self._episodes.extend(self._collect(number))
        began = time.process_time()
        result, note = self._train(learned_from)
        training_s = time.process_time() - began
        if result is not None:
            self._mental = result.mental
        self._networks.append(self._networks[-1] if result is None else result.network)
        threshold = None if result is None else result.threshold
        records = [each.record for each in self._episodes]
        return LearningPoint(
            round=number,
            steps=sum(each.steps for each in records),
            human_steps=sum(each.human_steps for each in records),
            takeovers=sum(each.takeovers for each in records),
            rescued=sum(each.outcome == "success" for each in records),
            outcomes=self._outcomes() if self._is_evaluated(number) else "",
            cost=None if threshold is None else threshold.cost,
            cdf_scale=None if threshold is None else threshold.cdf_scale,
            best_epoch=None if result is None else result.best_epoch,
            forgetting=None if result is None else result.forgetting,
            note=note,
            training_s=round(training_s, 2),
        )

    def _collect(self, number: int) -> tuple[Episode, ...]:
        cell, fixtures = self._cell, self._fixtures
        operator = supervisor_of(cell.supervision, fixtures.expert, self._belief())
        policy = as_policy(self._networks[-1], f"round-{number - 1}")
        first_seed = cell.seed * SEEDS_A_CELL + (number - 1) * cell.episodes
        return collect(fixtures.driven, fixtures.info, policy, operator, first_seed=first_seed, episodes=cell.episodes)

    def _belief(self) -> Belief | None:
        """Return the policy the supervisor takes the robot's for; None: the one that runs."""
        late = self._cell.supervision.lag_rounds
        if not late:
            return None
        believed = as_policy(self._networks[max(0, len(self._networks) - 1 - late)], "believed")

        def belief(observation: FloatArray) -> tuple[FloatArray, FloatArray]:
            output = believed.act(observation)
            return output.mean, output.std

        return belief

    def _train(self, learned_from: tuple[str, ...]) -> tuple[TrainingResult | None, str]:
        """Retrain from the latest policy; where there is nothing to learn from, it stays."""
        steps = supervised_steps(self._episodes, self._fixtures.demonstrations)
        try:
            trainer = make_trainer(
                steps,
                self._settings,
                start=copy.deepcopy(self._networks[-1]),
                mental=self._mental,
                old_episode_ids=learned_from,
            )
        except TrainingError as error:
            return None, str(error)
        return trainer.run(), ""

    def _is_evaluated(self, number: int) -> bool:
        return not self._cell.evaluated_after or number in self._cell.evaluated_after

    def _outcomes(self) -> str:
        return _evaluated(self._fixtures, self._networks[-1], self._cell.evaluate)


_initial: dict[tuple[str, int], str] = {}
"""Outcomes of initial policies that this process has evaluated: policies never change, nor do seeds."""


def _initial_outcomes(fixtures: Fixtures, episodes: int) -> str:
    key = (fixtures.initial_id, episodes)
    if key not in _initial:
        _initial[key] = _evaluated(fixtures, fixtures.initial, episodes)
    return _initial[key]


def _evaluated(fixtures: Fixtures, network: PolicyNetwork, episodes: int) -> str:
    results = evaluate(fixtures.driven, as_policy(network, "evaluated"), evaluation_seeds(episodes))
    return "".join(map(_sign, results))


def _sign(result: EpisodeResult) -> str:
    return "x" if result.crash else str(int(result.success))
