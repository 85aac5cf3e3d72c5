"""The symmetries that a training of a scene uses: found from labels, declared by the scene, checked by its expert."""

from dataclasses import dataclass

import numpy as np

from mile_desktop.arrays import Float32Array
from mile_desktop.paths import bundled_demonstrations
from mile_desktop.policies.symmetry import (
    NO_SYMMETRY,
    DeclaredReflection,
    DeclaredSymmetry,
    Symmetry,
    SymmetryError,
    check_symmetry,
    find_symmetry,
)
from mile_desktop.scenes.catalogue import scene_info, scenes
from mile_desktop.scenes.environment import make_scene, supervised
from mile_desktop.scenes.experts import UnknownExpertError, load_expert
from mile_desktop.scenes.scene_file import read_head
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.episodes import read_episode, read_episode_file
from mile_desktop.storage.workspace import EPISODE_SUFFIX, Workspace

_CHECKED_EPISODES = 5


@dataclass(frozen=True, slots=True)
class SceneSymmetry:
    """What is used, and why a part is not."""

    symmetry: Symmetry = NO_SYMMETRY
    refused: tuple[str, ...] = ()
    """Sentences for people."""


def scene_symmetry(scene: str, observations: Float32Array) -> SceneSymmetry:
    """Return the symmetries of ``scene`` that its expert confirms on ``observations`` (float32[t, n]).

    Opens the scene for a moment, because only the environment knows its labels.

    Raises
    ------
    UnknownSceneError, SceneDescriptionError
        There is no such scene, or it is wrong.
    """
    env = make_scene(scene)
    try:
        labels = supervised(env).observation_labels
    finally:
        env.close()
    try:
        found = find_symmetry(labels, scene_info(scene).action_labels, declared_symmetry(scene))
    except SymmetryError as error:
        return SceneSymmetry(refused=(str(error),))
    if found.is_empty:
        return SceneSymmetry()
    try:
        expert = load_expert(scene)
    # Nothing can check it then, and the labels or the scene's author are trusted.
    except UnknownExpertError:
        return SceneSymmetry(found)
    return SceneSymmetry(*check_symmetry(found, expert, np.asarray(observations, np.float32)))


def recorded_symmetry(workspace: Workspace, scene: str) -> SceneSymmetry:
    """Return ``scene_symmetry``, checked on demonstrations, or else on the first recorded episodes.

    A robot's task has no description with labels here, so it has no symmetry.
    """
    if scene not in {info.name for info in scenes()}:
        return SceneSymmetry()
    # A few are enough: the check uses at most 200 states.
    paths = sorted(bundled_demonstrations(scene).glob(f"*{EPISODE_SUFFIX}"))[:_CHECKED_EPISODES]
    episodes = [read_episode_file(path) for path in paths]
    if not episodes:
        records = Catalogue(workspace).episodes(scene)[:_CHECKED_EPISODES]
        episodes = [read_episode(workspace, each.episode_id) for each in records]
    if not episodes:
        return SceneSymmetry()
    return scene_symmetry(scene, np.concatenate([each.observation for each in episodes]))


def declared_symmetry(scene: str) -> DeclaredSymmetry:
    """Return what ``scene.toml`` says about symmetries; raises what ``read_head`` raises."""
    declared = read_head(scene_info(scene).folder).symmetry
    reflection = declared.reflection
    return DeclaredSymmetry(
        rotation_deg=declared.rotation_deg,
        translation_m=declared.translation_m,
        reflection=None
        if reflection is None
        else DeclaredReflection(
            negated=reflection.negated,
            swapped=reflection.swapped,
            action_negated=reflection.action_negated,
            action_swapped=reflection.action_swapped,
        ),
    )
