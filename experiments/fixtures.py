"""What an experiment needs of a scene: the simulator, the expert, and what ships for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mile_desktop.operators.operator import Expert
from mile_desktop.paths import bundled_demonstrations, bundled_models
from mile_desktop.policies.checkpoint import PolicyNetwork, load_network
from mile_desktop.policies.networks import CategoricalMlp
from mile_desktop.policies.torch_policy import CategoricalPolicy, NetworkPolicy, TorchPolicy
from mile_desktop.registry.bundled import POLICY_FOLDER
from mile_desktop.rollout.scene import GymScene
from mile_desktop.scenes.catalogue import SceneInfo, scene_info
from mile_desktop.scenes.experts import load_expert
from mile_desktop.storage.episodes import read_episode_file
from mile_desktop.storage.records import Episode


@dataclass(frozen=True, slots=True, eq=False)
class Fixtures:
    """One scene, open; the process's own."""

    info: SceneInfo
    driven: GymScene
    expert: Expert
    initial: PolicyNetwork
    """The bundled mediocre policy."""
    initial_id: str
    demonstrations: tuple[Episode, ...]
    """Those it came from; the anchors."""


@contextmanager
def open_fixtures(scene: str) -> Iterator[Fixtures]:
    """Open ``scene`` with what ships for it.

    Raises
    ------
    UnknownSceneError, UnknownExpertError, PolicyFileError
        There is no such scene, expert or bundled policy.
    """
    info = scene_info(scene)
    initial, config = load_network(bundled_models(scene) / POLICY_FOLDER)
    paths = sorted(bundled_demonstrations(scene).glob("*.parquet"))
    demonstrations = tuple(read_episode_file(path) for path in paths)
    driven = GymScene.make(scene)
    try:
        yield Fixtures(info, driven, load_expert(scene), initial, config.policy_id, demonstrations)
    finally:
        driven.close()


def as_policy(network: PolicyNetwork, policy_id: str) -> NetworkPolicy:
    """Return ``network`` ready to act."""
    if isinstance(network, CategoricalMlp):
        return CategoricalPolicy(network, policy_id)
    return TorchPolicy(network, policy_id)
