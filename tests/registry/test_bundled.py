"""What ships with the scenes: complete, fitting, and small, because every installation carries it."""

import pytest

from mile_desktop.intervention.model import read_model_config
from mile_desktop.paths import SIM_SCENES, bundled_demonstrations, bundled_models
from mile_desktop.policies.config import read_policy_config
from mile_desktop.registry.bundled import POLICY_FOLDER, has_bundled
from mile_desktop.registry.intervention_models import INTERVENTION_FOLDER
from mile_desktop.scenes.catalogue import SceneInfo, scenes
from mile_desktop.scenes.gymnasium.description import GymnasiumSceneDescription
from mile_desktop.scenes.scene_file import read_head
from mile_desktop.storage.episodes import read_episode_file

SHIPPED = [info for info in scenes() if info.folder.parent == SIM_SCENES and has_bundled(info.name)]
OF_OTHERS = [info for info in SHIPPED if info.kind == "gymnasium"]
MOST_OF_OTHERS_KB = 1000


def files_kb(info: SceneInfo) -> float:
    folders = bundled_models(info.name), bundled_demonstrations(info.name)
    return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file()) / 1024


@pytest.mark.parametrize("info", SHIPPED, ids=lambda info: info.name)
def test_a_bundle_is_complete_and_its_parts_fit_together(info: SceneInfo) -> None:
    policy = read_policy_config(bundled_models(info.name) / POLICY_FOLDER)
    model = read_model_config(bundled_models(info.name) / INTERVENTION_FOLDER)
    assert model.policy_id == policy.policy_id
    assert model.forecast is not None
    assert model.score is not None
    for demonstration in sorted(bundled_demonstrations(info.name).glob("*.parquet")):
        episode = read_episode_file(demonstration)
        assert episode.record.outcome == "success"
        assert episode.observation.shape[1] == policy.observation_size == model.observation_size
        assert episode.action.shape[1] == policy.action_size == len(info.action_labels)


@pytest.mark.parametrize("info", OF_OTHERS, ids=lambda info: info.name)
def test_bundles_of_other_projects_scenes_are_small_and_made_as_described(info: SceneInfo) -> None:
    described = read_head(info.folder)
    assert isinstance(described, GymnasiumSceneDescription)
    policy = read_policy_config(bundled_models(info.name) / POLICY_FOLDER)
    assert policy.hidden == described.bundle.hidden
    assert policy.observation_size == described.observation.frames * len(described.observation.names)
    assert len(list(bundled_demonstrations(info.name).glob("*.parquet"))) == described.bundle.demonstrations
    assert files_kb(info) < MOST_OF_OTHERS_KB
