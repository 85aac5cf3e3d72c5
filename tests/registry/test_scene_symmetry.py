"""The symmetries of the bundled scenes hold for their experts, on their own demonstrations."""

import msgspec
import numpy as np
import pytest

from mile_desktop.paths import bundled_demonstrations
from mile_desktop.policies.symmetry import check_symmetry
from mile_desktop.registry.scene_symmetry import scene_symmetry
from mile_desktop.scenes.experts import load_expert
from mile_desktop.storage.episodes import read_episode_file

SCENES = ("peg-insertion", "drawer-open", "button-press", "pick-place", "lunar-lander")


def demonstrated(scene: str) -> np.ndarray:
    paths = sorted(bundled_demonstrations(scene).glob("*.parquet"))
    return np.concatenate([read_episode_file(path).observation for path in paths])


@pytest.mark.parametrize("scene", SCENES)
def test_the_expert_confirms_every_symmetry_of_its_scene(scene: str) -> None:
    found = scene_symmetry(scene, demonstrated(scene))
    assert found.refused == ()
    assert not found.symmetry.is_empty
    assert (found.symmetry.reflection is not None) == (scene == "lunar-lander")
    if scene != "lunar-lander":
        assert (found.symmetry.rotation_deg, found.symmetry.translation) == (60.0, 0.15)
        assert len(found.symmetry.positions) == 4  # one for each frame of the observation


def test_a_wrong_reflection_of_the_lander_is_refused() -> None:
    states = demonstrated("lunar-lander")
    right = scene_symmetry("lunar-lander", states).symmetry
    assert right.reflection is not None
    wrong = msgspec.structs.replace(right, reflection=msgspec.structs.replace(right.reflection, action_swapped=()))
    kept, refused = check_symmetry(wrong, load_expert("lunar-lander"), states)
    assert kept.reflection is None
    assert len(refused) == 1
