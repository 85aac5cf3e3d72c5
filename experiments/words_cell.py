"""Corrections in words against the pad: human steps, takeover time and success after one retraining."""

import copy
from typing import Any, Literal

import msgspec
import numpy as np

from experiments.fixtures import Fixtures, open_fixtures
from experiments.learning_cell import SEEDS_A_CELL
from experiments.supervisor_setup import SimulatedSupervisor, supervisor_of
from experiments.variants import TODAY_RECIPE
from mile_desktop.evaluation.evaluate import evaluate, evaluation_seeds
from mile_desktop.generation.episode_collection import collect
from mile_desktop.learning.data_selection import select_for_policy
from mile_desktop.learning.dataset import supervised_steps
from mile_desktop.learning.methods import make_trainer
from mile_desktop.learning.settings import settings_from_json
from mile_desktop.operators.operator import Operator
from mile_desktop.operators.words.operator import DrivenBody
from mile_desktop.operators.words.scripted_user import WordsSupervisor
from mile_desktop.policies.torch_policy import as_policy
from mile_desktop.registry.scene_symmetry import scene_symmetry
from mile_desktop.scenes.description import load_description

RECORDED_SEED = 600_000
"""Starts of the supervised episodes; no other grid uses them."""


class WordsCell(msgspec.Struct, frozen=True, kw_only=True, tag="words", forbid_unknown_fields=True):
    """One person with one device: the same moments of stepping in, acted on with hands or with words."""

    scene: str
    device: Literal["pad", "words"]
    seed: int = 0
    supervision: SimulatedSupervisor = SimulatedSupervisor()
    episodes: int = 12
    evaluate: int = 20
    training: dict[str, Any] = {}
    """Training settings that differ from MILE with the program's recipe."""

    @property
    def title(self) -> str:
        """For progress lines."""
        return f"{self.scene}, {self.device}, {self.supervision.title}, seed {self.seed}"

    @property
    def slug(self) -> str:
        """For file names."""
        return f"{self.scene}-{self.device}-{self.supervision.kind}-{self.seed}"


class WordsOutcome(msgspec.Struct, frozen=True, kw_only=True, tag="words"):
    """What the person did, and what the policy learned from it."""

    human_steps: int
    takeovers: int
    takeover_s: float
    """Mean length of a takeover."""
    rescued: int
    """Supervised episodes that ended in success."""
    before: str
    after: str
    """Evaluations of the initial and of the retrained policy: ``1`` success, ``0`` failure, ``x`` crash."""

    @property
    def summary(self) -> str:
        """For progress lines."""
        return (
            f"{self.takeovers} takeovers of {self.takeover_s:.1f} s, {self.human_steps} human steps, success "
            f"{success(self.before):.2f} → {success(self.after):.2f}"
        )


def success(signs: str) -> float:
    """Return the success rate of an evaluation."""
    return signs.count("1") / max(1, len(signs) - signs.count("x"))


def run_words(cell: WordsCell) -> WordsOutcome:
    """Run the cell; equal cells give equal results."""
    with open_fixtures(cell.scene) as fixtures:
        initial = as_policy(fixtures.initial, "initial")
        episodes = collect(
            fixtures.driven,
            fixtures.info,
            initial,
            _operator(cell, fixtures),
            first_seed=RECORDED_SEED + cell.seed * SEEDS_A_CELL,
            episodes=cell.episodes,
        )
        demonstrations = fixtures.demonstrations
        settings = settings_from_json({"method": "mile", "seed": cell.seed, **TODAY_RECIPE, **cell.training})
        shown = np.concatenate([each.observation for each in demonstrations])
        trainer = make_trainer(
            select_for_policy(
                supervised_steps(episodes, demonstrations), episodes, demonstrations, settings.left_out
            ).steps,
            settings,
            start=copy.deepcopy(fixtures.initial),
            symmetry=scene_symmetry(cell.scene, shown).symmetry,
        )
        seeds = evaluation_seeds(cell.evaluate)
        trained = as_policy(trainer.run().network, "trained")
        # Both policies on the same starts: their difference is paired.
        signs = [
            "".join("x" if each.crash else str(int(each.success)) for each in evaluate(fixtures.driven, policy, seeds))
            for policy in (initial, trained)
        ]
        records = [each.record for each in episodes]
        human_steps, takeovers = sum(each.human_steps for each in records), sum(each.takeovers for each in records)
        return WordsOutcome(
            human_steps=human_steps,
            takeovers=takeovers,
            takeover_s=round(human_steps / fixtures.info.rate_hz / max(1, takeovers), 2),
            rescued=sum(each.outcome == "success" for each in records),
            before=signs[0],
            after=signs[1],
        )


def _operator(cell: WordsCell, fixtures: Fixtures) -> Operator:
    # The same watcher decides for both devices when to step in, so that only the device differs.
    watcher = supervisor_of(cell.supervision, fixtures.expert)
    if cell.device == "pad":
        return watcher
    info, labels = fixtures.info, fixtures.driven.observation_labels
    if info.choices:
        # An engine pushes with one force, so there is no speed to scale.
        body = DrivenBody(info.rate_hz, 0.0, labels, [choice.push for choice in info.choices])
    else:
        body = DrivenBody(info.rate_hz, load_description(info.folder).control.max_speed, labels)
    return WordsSupervisor(fixtures.expert, watcher, body)
