"""Does generated data help under other dynamics? Four ways to use the same human steps, evaluated on shifted scenes."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np

from experiments.fixtures import Fixtures, open_fixtures
from experiments.learning_cell import SEEDS_A_CELL
from experiments.supervisor_setup import SimulatedSupervisor, supervisor_of
from experiments.variants import TODAY_RECIPE
from mile_desktop.arrays import Float32Array
from mile_desktop.evaluation.evaluate import evaluate, evaluation_seeds
from mile_desktop.generation.episode_collection import collect
from mile_desktop.generation.gate import GateResult, check_gate
from mile_desktop.generation.generator import FIRST_SEED, SEEDS_A_SET
from mile_desktop.generation.learned_human import LearnedHuman
from mile_desktop.intervention.fit import FitSettings, fit_intervention_model
from mile_desktop.intervention.model import InterventionModel
from mile_desktop.learning.data_selection import select_for_policy
from mile_desktop.learning.dataset import supervised_steps
from mile_desktop.learning.methods import make_trainer
from mile_desktop.learning.settings import settings_from_json
from mile_desktop.operators.no_operator import NoOperator
from mile_desktop.operators.operator import Operator
from mile_desktop.paths import RESOURCES
from mile_desktop.policies.policy import Policy, PolicyOutput
from mile_desktop.policies.symmetry import Symmetry
from mile_desktop.policies.torch_policy import as_policy
from mile_desktop.registry.scene_symmetry import scene_symmetry
from mile_desktop.rollout.headless import RolloutHeldError
from mile_desktop.rollout.scene import GymScene
from mile_desktop.scenes.environment import make_scene
from mile_desktop.scenes.shift import read_shift
from mile_desktop.scenes.shifted import ShiftedEnv
from mile_desktop.storage.records import Episode

RECORDED_SEED = 800_000
"""Starts of the supervised episodes: other grids use lower ones, evaluations begin at 1,000,000."""
ARMS = ("interventions", "+ replayed", "+ generated", "+ both")


class GenerationCell(msgspec.Struct, frozen=True, kw_only=True, tag="generation", forbid_unknown_fields=True):
    """One scene and one seed; all four arms share the human steps."""

    scene: str
    seed: int = 0
    supervision: SimulatedSupervisor = SimulatedSupervisor()
    episodes: int = 12
    """Supervised episodes of the initial policy in the scene as it is."""
    generated: int = 20
    """Randomised episodes that are tried, of each kind; those without success are left out."""
    evaluate: int = 20
    shifts: tuple[str, ...] = ("mild", "strong", "delayed")
    randomisation: str = "usual"
    training: dict[str, Any] = {}
    """Training settings that differ from MILE with the program's recipe."""

    @property
    def title(self) -> str:
        """For progress lines."""
        return f"{self.scene}, generation, {self.supervision.title}, seed {self.seed}"

    @property
    def slug(self) -> str:
        """For file names."""
        return f"{self.scene}-generation-{self.supervision.kind}-{self.seed}"


class ArmOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """One arm."""

    arm: str
    added_episodes: int
    """Replayed and generated episodes that it learned from."""
    added_steps: int
    outcomes: dict[str, str]
    """Shift → one sign a start: ``1`` success, ``0`` failure, ``x`` crash."""

    def success(self, shift: str) -> float:
        """Return the success rate under ``shift``."""
        signs = self.outcomes[shift]
        return signs.count("1") / max(1, len(signs) - signs.count("x"))


class GenerationOutcome(msgspec.Struct, frozen=True, kw_only=True, tag="generation"):
    """All arms of a cell, and how good the learned human was."""

    human_steps: int
    takeovers: int
    gate_takeovers: int
    gate_human_error: float
    gate_policy_error: float
    temporal: bool
    """The temporal form of the model was used."""
    generated_tried: int
    generated_takeovers: int
    generated_corrections: int
    """Steps of kept episodes that the learned human drove."""
    shifts: dict[str, str]
    """Name → name and digest of the shift."""
    arms: tuple[ArmOutcome, ...]

    @property
    def gate_opens(self) -> bool:
        """Whether the program would have generated."""
        return not GateResult(self.gate_takeovers, self.gate_human_error, self.gate_policy_error).refused

    @property
    def summary(self) -> str:
        """For progress lines."""
        return "; ".join(
            f"{each.arm} {' '.join(f'{each.success(shift):.2f}' for shift in each.outcomes)}" for each in self.arms
        )


def run_generation(cell: GenerationCell) -> GenerationOutcome:
    """Run the cell; equal cells give equal results."""
    with open_fixtures(cell.scene) as fixtures:
        return _Generation(cell, fixtures).run()


class _Replay:
    """Repeats recorded actions, whatever happens; a ``Policy``.

    A policy and no operator: a takeover begins with a limit on how fast its action may change.
    """

    policy_id = "replay"

    def __init__(self, actions: Float32Array) -> None:
        self._actions = actions
        self._at = 0

    def reset(self, seed: int) -> None:  # noqa: ARG002
        """Begin again."""
        self._at = 0

    def act(self, observation: Float32Array) -> PolicyOutput:  # noqa: ARG002
        """Return the next action; after the last one again that one, which a late robot may still need."""
        action = self._actions[min(self._at, len(self._actions) - 1)]
        self._at += 1
        return PolicyOutput(action=action, mean=action, std=np.full_like(action, 0.1))


@dataclass(frozen=True, slots=True)
class _Added:
    """Data besides the human steps."""

    generated: tuple[Episode, ...] = ()
    replayed: tuple[Episode, ...] = ()

    @property
    def all(self) -> tuple[Episode, ...]:
        return self.generated + self.replayed


class _Generation:
    """Data, model and policies of one cell."""

    def __init__(self, cell: GenerationCell, fixtures: Fixtures) -> None:
        self._cell, self._fixtures = cell, fixtures
        self._settings = settings_from_json({"method": "mile", "seed": cell.seed, **TODAY_RECIPE, **cell.training})
        self._recorded: tuple[Episode, ...] = ()
        self._symmetry = self._found_symmetry()

    def run(self) -> GenerationOutcome:
        cell, fixtures = self._cell, self._fixtures
        self._recorded = collect(
            fixtures.driven,
            fixtures.info,
            as_policy(fixtures.initial, "initial"),
            supervisor_of(cell.supervision, fixtures.expert),
            first_seed=RECORDED_SEED + cell.seed * SEEDS_A_CELL,
            episodes=cell.episodes,
        )
        steps = supervised_steps(self._recorded, fixtures.demonstrations)
        fit = FitSettings(
            actions="categorical" if fixtures.info.choices else "gaussian",
            seed=cell.seed,
            forecast=False,
            symmetry=self._symmetry,
        )
        model = fit_intervention_model(steps, fit).model
        gate = check_gate(model, steps)
        # The policy that a person has after these episodes; generation supervises it, as in the program.
        policies: dict[str, Policy] = {ARMS[0]: self._trained(_Added())}
        generated, replayed = self._generated(policies[ARMS[0]], model), self._replayed()
        added = {
            ARMS[0]: _Added(),
            ARMS[1]: _Added(replayed=replayed),
            ARMS[2]: _Added(generated=generated),
            ARMS[3]: _Added(generated, replayed),
        }
        policies |= {arm: self._trained(added[arm]) for arm in ARMS[1:]}
        records = [each.record for each in self._recorded]
        return GenerationOutcome(
            human_steps=sum(each.human_steps for each in records),
            takeovers=sum(each.takeovers for each in records),
            gate_takeovers=gate.takeovers,
            gate_human_error=gate.human_error,
            gate_policy_error=gate.policy_error,
            temporal=model.config.temporal is not None and model.config.temporal.hand_back < 1.0,
            generated_tried=cell.generated,
            generated_takeovers=sum(each.record.takeovers for each in generated),
            generated_corrections=sum(each.record.human_steps for each in generated),
            shifts={name: read_shift(name).label for name in cell.shifts},
            arms=self._outcomes(policies, added),
        )

    def _found_symmetry(self) -> Symmetry:
        observations = np.concatenate([each.observation for each in self._fixtures.demonstrations])
        return scene_symmetry(self._cell.scene, observations).symmetry

    # ── data ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _generated(self, policy: Policy, model: InterventionModel) -> tuple[Episode, ...]:
        first = FIRST_SEED + self._cell.seed * SEEDS_A_SET
        driven, _ = self._randomised()
        human = LearnedHuman(model)
        kept: list[Episode] = []
        for number in range(self._cell.generated):
            kept.extend(self._successful(driven, policy, human, first + number))
        driven.close()
        return tuple(kept)

    def _replayed(self) -> tuple[Episode, ...]:
        """Repeat the actions of the demonstrations, from their own starts, with robots drawn as for generation."""
        driven, env = self._randomised()
        kept: list[Episode] = []
        for number in range(self._cell.generated):
            shown = self._fixtures.demonstrations[number % len(self._fixtures.demonstrations)]
            env.shift_seed = FIRST_SEED + self._cell.seed * SEEDS_A_SET + number
            made = self._successful(driven, _Replay(shown.action), NoOperator(), shown.record.start.seed)
            # The same demonstration is replayed several times, and its episodes need ids of their own.
            kept.extend(_renamed(each, f"replay-{number}") for each in made)
        driven.close()
        return tuple(kept)

    def _randomised(self) -> tuple[GymScene, ShiftedEnv]:
        path = RESOURCES / "randomisation" / f"{self._cell.randomisation}.toml"
        env = make_scene(self._cell.scene, read_shift(str(path)))
        if not isinstance(env, ShiftedEnv):
            raise TypeError(f"{type(env).__name__} is no shifted scene.")
        return GymScene(env), env

    def _successful(self, driven: GymScene, policy: Policy, operator: Operator, seed: int) -> tuple[Episode, ...]:
        try:
            made = collect(driven, self._fixtures.info, policy, operator, first_seed=seed, episodes=1)
        except RolloutHeldError:
            # A held robot waits for a person, and there is none here. The episode counts as a failure.
            return ()
        return tuple(each for each in made if each.record.outcome == "success")

    # ── policies ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _trained(self, added: _Added) -> Policy:
        episodes = (*self._recorded, *added.generated)
        demonstrations = (*self._fixtures.demonstrations, *added.replayed)
        steps = supervised_steps(episodes, demonstrations)
        trainer = make_trainer(
            select_for_policy(steps, episodes, demonstrations, self._settings.left_out).steps,
            self._settings,
            start=copy.deepcopy(self._fixtures.initial),
            symmetry=self._symmetry,
        )
        return as_policy(trainer.run().network, "trained")

    def _outcomes(self, policies: Mapping[str, Policy], added: Mapping[str, _Added]) -> tuple[ArmOutcome, ...]:
        signs: dict[str, dict[str, str]] = {arm: {} for arm in ARMS}
        for name in self._cell.shifts:
            driven = GymScene.make(self._cell.scene, read_shift(name))
            # All arms on the same starts of the same shifted robot: their differences are paired.
            for arm in ARMS:
                results = evaluate(driven, policies[arm], evaluation_seeds(self._cell.evaluate))
                signs[arm][name] = "".join("x" if each.crash else str(int(each.success)) for each in results)
            driven.close()
        return tuple(
            ArmOutcome(
                arm=arm,
                added_episodes=len(added[arm].all),
                added_steps=sum(len(each) for each in added[arm].all),
                outcomes=signs[arm],
            )
            for arm in ARMS
        )


def _renamed(episode: Episode, name: str) -> Episode:
    start = replace(episode.record.start, episode_id=name)
    return replace(episode, record=replace(episode.record, start=start))
