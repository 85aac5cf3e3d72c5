"""Initial policies that are worth correcting: trained to convergence on one or a few demonstrations.

The bundled policies were trained for too short a time, so a table that starts from them measures longer training as
well. A policy that has learned all that few demonstrations show fails because of what it has not seen.
"""

import copy
from dataclasses import replace
from functools import lru_cache
from typing import Literal

import msgspec
import numpy as np

from experiments.fixtures import Fixtures, open_fixtures
from experiments.variants import TODAY_RECIPE
from mile_desktop.commands.bundle import Demonstrator
from mile_desktop.errors import UserError
from mile_desktop.generation.episode_collection import collect
from mile_desktop.learning.dataset import supervised_steps
from mile_desktop.learning.methods import make_trainer
from mile_desktop.learning.settings import settings_from_json
from mile_desktop.learning.trainer.initial_networks import new_network
from mile_desktop.policies.checkpoint import PolicyNetwork
from mile_desktop.policies.torch_policy import as_policy
from mile_desktop.registry.scene_symmetry import scene_symmetry
from mile_desktop.rollout.scene import GymScene
from mile_desktop.scenes.experts import load_expert
from mile_desktop.scenes.shift import read_shift
from mile_desktop.storage.records import Episode

FIRST_START_SEED = 800_000
"""These demonstrations have initial scenes of their own: no collected and no evaluated episode has them."""
_SEEDS_A_START = 100
"""Seeds that belong to one seed of an experiment; also the most attempts of the expert."""


class StartError(UserError, ValueError):
    """The start cannot be made; the message says why."""


class Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a learner begins, and the demonstrations that it has."""

    demonstrations: int = 0
    """Number of new demonstrations by the expert, other ones for every seed. 0: the bundled policy and all of the
    bundled demonstrations."""
    part: Literal["anywhere", "one side"] = "anywhere"
    """Where the task stands in the demonstrations: as in the evaluation, or on one side of ``SIDES`` only."""
    habit: str = ""
    """A flaw of the expert that demonstrates (``expert_flaws`` of the scene). Only its successes are kept, so the
    policy has seen nothing of the cases in which the flaw matters."""
    shift: str = ""
    """The robot of the demonstrations: a shift of ``scenes.shift`` (friction, mass, gains, delay). The policy then
    works on the unshifted robot."""

    def __post_init__(self) -> None:
        if not 0 <= self.demonstrations <= _SEEDS_A_START // 4:
            raise StartError(f"A start has 0 to {_SEEDS_A_START // 4} demonstrations, not {self.demonstrations}.")
        if not self.demonstrations and (self.part != "anywhere" or self.habit or self.shift):
            raise StartError(
                "The bundled demonstrations are from anywhere, without a habit or a shift; ask for a number of "
                "demonstrations."
            )

    @property
    def title(self) -> str:
        """For tables; empty for the bundled policy."""
        if not self.demonstrations:
            return ""
        plural = "" if self.demonstrations == 1 else "s"
        kinds = ("one side" if self.part == "one side" else "", self.habit, f"{self.shift} robot" if self.shift else "")
        return ", ".join((f"{self.demonstrations} demonstration{plural}", *(each for each in kinds if each)))


BUNDLED_START = Start()
"""The bundled policy, with all of its demonstrations."""

SIDES: dict[str, tuple[str, float]] = {
    "button-press": ("button - end effector y (m) @ t", 0.0),
    "drawer-open": ("handle - end effector x (m) @ t", 0.06),
    "pick-place": ("bin - block x (m) @ t", 0.0),
    "lunar-lander": ("x speed (half widths in 2 s)", 0.0),
    "peg-insertion": ("hole - peg tip x (m) @ t", 0.02),
}
"""Scene → entry of the first observation, and the value below which a start lies on the demonstrated side. The values
are medians over 60 starts, so half of the starts lie on each side."""


def with_start(fixtures: Fixtures, start: Start, seed: int) -> Fixtures:
    """Return ``fixtures`` with the policy and the demonstrations of ``start`` for this ``seed``.

    Raises
    ------
    StartError
        The expert does not succeed often enough on this side, or the scene has no sides.
    ShiftError, UnknownExpertError
        There is no such shift, or no such habit.
    """
    if not start.demonstrations:
        return fixtures
    network, demonstrations = _made(fixtures.info.name, start, seed)
    kinds = (start.part.replace(" ", "-"), start.habit, start.shift)
    name = "-".join((fixtures.info.name, str(start.demonstrations), *(each for each in kinds if each), str(seed)))
    return replace(fixtures, initial=copy.deepcopy(network), initial_id=name, demonstrations=demonstrations)


# A grid runs all methods of one scene and seed one after the other, so a few are enough.
@lru_cache(maxsize=4)
def _made(scene: str, start: Start, seed: int) -> tuple[PolicyNetwork, tuple[Episode, ...]]:
    with open_fixtures(scene) as fixtures:
        demonstrations = _demonstrated(fixtures, start, seed)
    # The recipe is today's for every method: the start must be the same for all of them.
    settings = settings_from_json({"method": "bc", "seed": seed, **TODAY_RECIPE})
    steps = supervised_steps([], demonstrations)
    # Checked on these demonstrations, because the program would have no others.
    observations = np.concatenate([each.observation for each in demonstrations])
    trainer = make_trainer(
        steps,
        settings,
        start=new_network(steps, settings, discrete=bool(fixtures.info.choices)),
        symmetry=scene_symmetry(scene, observations).symmetry,
    )
    return trainer.run().network, demonstrations


def _demonstrated(fixtures: Fixtures, start: Start, seed: int) -> tuple[Episode, ...]:
    """Record the first successful demonstrations on the seeds of this start, on the robot that it names."""
    if not start.shift:
        return _recorded(fixtures, fixtures.driven, start, seed)
    driven = GymScene.make(fixtures.info.name, read_shift(start.shift))
    try:
        return _recorded(fixtures, driven, start, seed)
    finally:
        driven.close()


def _recorded(fixtures: Fixtures, driven: GymScene, start: Start, seed: int) -> tuple[Episode, ...]:
    first = FIRST_START_SEED + seed * _SEEDS_A_START
    policy = as_policy(fixtures.initial, "demonstrated")
    expert = load_expert(fixtures.info.name, start.habit) if start.habit else fixtures.expert
    kept: list[Episode] = []
    for number in range(first, first + _SEEDS_A_START):
        if len(kept) == start.demonstrations:
            break
        if start.part == "one side" and not _on_the_side(fixtures, number):
            continue
        episodes = collect(driven, fixtures.info, policy, Demonstrator(expert), first_seed=number, episodes=1)
        # A person would record a failed demonstration again.
        kept.extend(each for each in episodes if each.record.outcome == "success")
    if len(kept) < start.demonstrations:
        raise StartError(
            f"The expert of {fixtures.info.name} succeeds on {len(kept)} of {_SEEDS_A_START} starts; "
            f"{start.demonstrations} are needed."
        )
    return tuple(kept)


def _on_the_side(fixtures: Fixtures, seed: int) -> bool:
    if fixtures.info.name not in SIDES:
        raise StartError(f"{fixtures.info.name} has no sides; there are some for {', '.join(SIDES)}.")
    label, limit = SIDES[fixtures.info.name]
    observation, _ = fixtures.driven.reset(seed=seed)
    return bool(observation[fixtures.driven.observation_labels.index(label)] < limit)
