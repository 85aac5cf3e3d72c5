"""The parts of a scene that an experiment uses: simulator, expert, bundled policy and demonstrations."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mile_desktop.operators.operator import Expert
from mile_desktop.paths import bundled_demonstrations, bundled_models
from mile_desktop.policies.checkpoint import PolicyNetwork, load_network
from mile_desktop.registry.bundled import POLICY_FOLDER
from mile_desktop.rollout.scene import GymScene
from mile_desktop.scenes.catalogue import SceneInfo, scene_info
from mile_desktop.scenes.experts import load_expert
from mile_desktop.storage.episodes import read_episode_file
from mile_desktop.storage.records import Episode


@dataclass(frozen=True, slots=True, eq=False)
class Fixtures:
    """One open scene; it belongs to the process that opened it."""

    info: SceneInfo
    driven: GymScene
    expert: Expert
    initial: PolicyNetwork
    """The bundled mediocre policy."""
    initial_id: str
    demonstrations: tuple[Episode, ...]
    """The initial policy was trained on them; later trainings use them as anchors."""


@contextmanager
def open_fixtures(scene: str) -> Iterator[Fixtures]:
    """Open ``scene`` with its bundled files.

    Raises
    ------
    UnknownSceneError, UnknownExpertError, PolicyFileError
        The scene, its expert or its bundled policy does not exist.
    """
    info = scene_info(scene)
    initial, config = load_network(bundled_models(scene) / POLICY_FOLDER)
    # Sorted, so that the order does not depend on the file system: it enters the order of the rows.
    paths = sorted(bundled_demonstrations(scene).glob("*.parquet"))
    demonstrations = tuple(read_episode_file(path) for path in paths)
    driven = GymScene.make(scene)
    try:
        yield Fixtures(info, driven, load_expert(scene), initial, config.policy_id, demonstrations)
    finally:
        driven.close()
