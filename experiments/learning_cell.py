"""One learner under one supervisor: rollouts, retraining and evaluation, for several rounds."""

import copy
import time
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from experiments.arms import Arm, RandomTakeovers
from experiments.fixtures import Fixtures, open_fixtures
from experiments.operator_time import operator_time
from experiments.physics_cache import PhysicsCache, round_key
from experiments.starts import BUNDLED_START, Start, with_start
from experiments.supervisor_setup import SimulatedSupervisor, supervisor_of
from experiments.variants import RECORDED_RECIPE
from mile_desktop.arrays import Float32Array
from mile_desktop.errors import UserError
from mile_desktop.evaluation.candidate_trial import trial_successes
from mile_desktop.evaluation.evaluate import FIRST_EVALUATION_SEED
from mile_desktop.generation.episode_collection import collect
from mile_desktop.learning.data_selection import select_for_policy
from mile_desktop.learning.dataset import supervised_steps
from mile_desktop.learning.methods import make_trainer
from mile_desktop.learning.result import Report, TrainingError, TrainingResult
from mile_desktop.learning.settings import TrainingSettings, settings_from_json, settings_to_json
from mile_desktop.learning.takeover_trial import train_tried
from mile_desktop.operators.inaccurate import Belief
from mile_desktop.operators.operator import Operator
from mile_desktop.policies.checkpoint import PolicyNetwork
from mile_desktop.policies.symmetry import NO_SYMMETRY, Symmetry
from mile_desktop.policies.torch_policy import as_policy
from mile_desktop.registry.scene_symmetry import scene_symmetry
from mile_desktop.storage.records import Episode

SEEDS_A_CELL = 1000
"""Episode seeds that belong to one seed of an experiment; all methods see the same starts."""

_physics = PhysicsCache()
"""Of this process, for all cells that it runs."""


class CellError(UserError, ValueError):
    """The settings of a cell make no sense together."""


class LearningCell(msgspec.Struct, frozen=True, kw_only=True, tag="learning", forbid_unknown_fields=True):
    """Everything one curve depends on."""

    scene: str
    method: str
    """Name in tables: a key of ``variants.VARIANTS``."""
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
    arm: Arm = "supervised"
    start: Start = BUNDLED_START
    """The initial policy and the demonstrations; by default the bundled ones."""
    keeps_demonstrations: bool = True
    """Whether every training learns from the demonstrations, too; without them only the initial policy has seen them,
    as in the paper."""
    until: float = 0.0
    """The curve ends after two evaluations in a row with at least this success; 0: it never ends early. One evaluation
    would not do: the best of several is high by chance."""

    def __post_init__(self) -> None:
        if min(self.rounds, self.episodes, self.evaluate) < 1 or self.seed < 0:
            raise CellError("rounds, episodes and evaluate must be positive and the seed not negative.")
        if self.rounds * self.episodes > SEEDS_A_CELL or (self.seed + 1) * SEEDS_A_CELL > FIRST_EVALUATION_SEED // 2:
            raise CellError(
                f"Seed {self.seed} with {self.rounds} rounds of {self.episodes} episodes would use more than its "
                f"{SEEDS_A_CELL} starts, or starts that are evaluated on; use fewer."
            )
        if any(not 1 <= each <= self.rounds for each in self.evaluated_after):
            raise CellError(f"evaluated_after is {self.evaluated_after}; there are {self.rounds} rounds.")
        if not 0 <= self.until <= 1:
            raise CellError(f"until is {self.until}; it is a success rate between 0 and 1.")

    @property
    def title(self) -> str:
        """For progress lines."""
        start = f"{self.start.title}, " if self.start.title else ""
        return f"{self.scene}, {self.method}, {self.supervision.title}, {start}seed {self.seed}"

    @property
    def slug(self) -> str:
        """For file names."""
        return f"{self.scene}-{self.method}-{self.supervision.kind}-{self.seed}"

    def settings(self) -> TrainingSettings:
        """Return the settings of the trainings; ``SettingsError`` where they make no sense."""
        return settings_from_json(
            {**settings_to_json(TrainingSettings(seed=self.seed)), **RECORDED_RECIPE, **self.training}
        )


class LearningPoint(msgspec.Struct, frozen=True, kw_only=True):
    """The learner after one round."""

    round: int
    """0: the initial policy."""
    steps: int = 0
    human_steps: int = 0
    takeovers: int = 0
    rescued: int = 0
    """Supervised episodes that ended in success; this and the numbers above are of all rounds so far."""
    watching_s: float = 0.0
    driving_s: float = 0.0
    """The operator's time by the recorded phases, of all rounds so far; 0 in results from before it was measured."""
    outcomes: str = ""
    """Of the evaluation, one sign a seed: ``1`` success, ``0`` failure, ``x`` crash. Empty: not evaluated."""
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
    with open_fixtures(cell.scene) as opened:
        fixtures = with_start(opened, cell.start, cell.seed)
        learner = _Learner(cell, fixtures)
        points = [LearningPoint(round=0, outcomes=_physics.outcomes(fixtures, fixtures.initial, cell.evaluate))]
        while points[-1].round < cell.rounds and not _held(points, cell.until):
            points.append(learner.round(points[-1].round + 1))
    return LearningCurve(
        initial_policy=fixtures.initial_id, settings=settings_to_json(cell.settings()), points=tuple(points)
    )


def _held(points: Sequence[LearningPoint], wanted: float) -> bool:
    """Return whether the last two points were evaluated at ``wanted`` or above."""
    return wanted > 0 and len(points) > 1 and all(each.success >= wanted for each in points[-2:])


class _Learner:
    """State of a learner between rounds."""

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
        # Processor time: what other programs do at the same time does not count.
        began = time.process_time()
        result, note = self._train(learned_from)
        training_s = time.process_time() - began
        if result is not None:
            self._mental = result.mental
        # Also where nothing was learned: a supervisor who is rounds late counts rounds, not policies.
        self._networks.append(self._networks[-1] if result is None else result.network)
        threshold = None if result is None else result.threshold
        records = [each.record for each in self._episodes]
        spent = operator_time(self._episodes)
        return LearningPoint(
            round=number,
            steps=sum(each.steps for each in records),
            human_steps=sum(each.human_steps for each in records),
            takeovers=sum(each.takeovers for each in records),
            rescued=sum(each.outcome == "success" for each in records),
            watching_s=round(spent.watching_s, 2),
            driving_s=round(spent.driving_s, 2),
            outcomes=self._outcomes() if self._is_evaluated(number) else "",
            cost=None if threshold is None else threshold.cost,
            cdf_scale=None if threshold is None else threshold.cdf_scale,
            best_epoch=None if result is None else result.best_epoch,
            forgetting=None if result is None else result.forgetting,
            note=note,
            training_s=round(training_s, 2),
        )

    # ── collecting ───────────────────────────────────────────────────────────────────────────────────────────────

    def _collect(self, number: int) -> tuple[Episode, ...]:
        if self._cell.arm == "demonstrations-only":
            return ()
        supervised = self._supervised_round(number)
        if self._cell.arm != "random-expert-steps":
            return supervised
        # The watched round gives only the number of human steps. The learner never sees its episodes.
        return self._rolled_out(number, RandomTakeovers(self._supervisor(), supervised, self._cell.seed))

    def _supervised_round(self, number: int) -> tuple[Episode, ...]:
        """Collect under the supervisor; the first round is shared with the other methods of this process."""
        cell, fixtures = self._cell, self._fixtures
        if number > 1:
            return self._rolled_out(number, self._supervisor())
        key = round_key(fixtures, fixtures.initial, cell.supervision, self._first_seed(number), cell.episodes)
        episodes = _physics.first_round(key)
        if episodes is None:
            episodes = self._rolled_out(number, self._supervisor())
            _physics.keep_first_round(key, episodes)
        return episodes

    def _rolled_out(self, number: int, operator: Operator) -> tuple[Episode, ...]:
        policy = as_policy(self._networks[-1], f"round-{number - 1}")
        return collect(
            self._fixtures.driven,
            self._fixtures.info,
            policy,
            operator,
            first_seed=self._first_seed(number),
            episodes=self._cell.episodes,
        )

    def _first_seed(self, number: int) -> int:
        # The same starts in the same round for every method: differences are paired.
        return self._cell.seed * SEEDS_A_CELL + (number - 1) * self._cell.episodes

    def _supervisor(self) -> Operator:
        return supervisor_of(self._cell.supervision, self._fixtures.expert, self._belief())

    def _belief(self) -> Belief | None:
        """Return the policy that the supervisor expects; None: the one that runs."""
        supervision = self._cell.supervision
        if supervision.mental_model == "initial":
            network = self._networks[0]
        elif supervision.lag_rounds:
            network = self._networks[max(0, len(self._networks) - 1 - supervision.lag_rounds)]
        else:
            return None
        believed = as_policy(network, "believed")

        def belief(observation: Float32Array) -> tuple[Float32Array, Float32Array]:
            output = believed.act(observation)
            return output.mean, output.std

        return belief

    # ── learning ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _train(self, learned_from: tuple[str, ...]) -> tuple[TrainingResult | None, str]:
        """Retrain from the latest policy; it stays when there is nothing to learn from."""
        if self._cell.arm == "no-retraining":
            return None, "Not retrained: this arm keeps the initial policy."
        demonstrations = self._fixtures.demonstrations if self._cell.keeps_demonstrations else ()
        steps = supervised_steps(self._episodes, demonstrations)
        selected = select_for_policy(steps, self._episodes, demonstrations, self._settings.left_out).steps
        symmetry = self._symmetry()

        def train(settings: TrainingSettings, _number: int, _report: Report) -> TrainingResult:
            return make_trainer(
                selected,
                settings,
                start=copy.deepcopy(self._networks[-1]),
                mental=self._mental,
                old_episode_ids=learned_from,
                symmetry=symmetry,
            ).run()

        try:
            result, trial = train_tried(selected, self._settings, train, self._tried, lambda _: None)
        except TrainingError as error:
            return None, str(error)
        return result, "" if trial is None else trial.text

    def _tried(self, network: PolicyNetwork, starts: int) -> int:
        return trial_successes(self._fixtures.driven, network, starts)

    def _symmetry(self) -> Symmetry:
        """Return the symmetries of the scene that its expert confirms on the demonstrations, if the cell uses them."""
        if not self._settings.symmetry or not self._fixtures.demonstrations:
            return NO_SYMMETRY
        observations = np.concatenate([each.observation for each in self._fixtures.demonstrations])
        return scene_symmetry(self._cell.scene, observations).symmetry

    def _is_evaluated(self, number: int) -> bool:
        return not self._cell.evaluated_after or number in self._cell.evaluated_after

    def _outcomes(self) -> str:
        return _physics.outcomes(self._fixtures, self._networks[-1], self._cell.evaluate)
