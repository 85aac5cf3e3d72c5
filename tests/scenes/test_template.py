from pathlib import Path

import pytest

from mile_desktop.paths import SCENES_VARIABLE
from mile_desktop.registry.policies import load_named_policy, policy_folder
from mile_desktop.rollout.scene import GymScene
from mile_desktop.scenes.catalogue import broken_scenes, scene_info
from mile_desktop.scenes.experts import load_expert
from mile_desktop.scenes.scene_check import check_scene
from mile_desktop.scenes.scene_code import SceneModuleError
from mile_desktop.scenes.template import NewSceneError, new_scene
from mile_desktop.storage.workspace import Workspace
from tests.scenes.conftest import open_env, run
from tests.scenes.wandering import HOLD


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(SCENES_VARIABLE, str(tmp_path / "scenes"))
    return tmp_path / "scenes"


def test_a_scene_begun_from_the_template_works_at_once(own: Path) -> None:
    assert new_scene("pull-lever") == own / "pull_lever"
    info = scene_info("pull-lever")
    assert (info.title, info.env_id) == ("Pull lever", "own/PullLever-v0")
    assert not broken_scenes()
    assert [finding.check for finding in check_scene("pull-lever") if finding.problem] == []
    env, expert, flawed = open_env("pull-lever"), load_expert("pull-lever"), load_expert("pull-lever", "pushes-beside")
    assert all(run(env, expert, seed)[0] for seed in range(3))
    assert {run(env, flawed, seed)[0] for seed in range(2)} == {True, False}
    env.close()


@pytest.mark.parametrize("name", ["Pull lever", "../lever", "", "lever_2", "-lever"])
def test_names_that_cannot_be_a_scenes_are_refused(name: str) -> None:
    with pytest.raises(NewSceneError, match="expected lower-case words"):
        new_scene(name)


def test_nothing_is_overwritten(own: Path) -> None:
    new_scene("lever")
    for name in ("lever", "peg-insertion"):
        with pytest.raises(NewSceneError, match="already"):
            new_scene(name)


def test_a_folder_that_cannot_be_written_is_said(own: Path) -> None:
    own.write_text("no folder")
    with pytest.raises(NewSceneError, match="expected a folder that can be written"):
        new_scene("lever")


@pytest.mark.parametrize(
    ("before", "after", "error"),
    [
        ("return now.bodies", "return now.bodys", r"scene.py, line \d+: is_done: found AttributeError"),
        ('joint("lever", "hinge")', 'joint("lever", "hinges")', r"scene.py, line \d+: measure: found KeyError"),
        ("*now.hand, ", "", r"scene.py: measure: found an array of shape \(6,\), expected \(11,\)"),
        (
            "return now.bodies",
            "import sys; sys.exit(0); return now.bodies",
            r"line \d+: is_done: found SystemExit \(0\)",
        ),
        ("return now.bodies", "import os; os._exit(0)", r"line \d+: is_done: found os._exit\(0\)"),
        ("return now.bodies", "return None and now.bodies", r"is_done: found None, expected True or False"),
        ("*now.hand, ", 'float("nan"), *now.hand[1:], ', r"measure: found nan for '.+', expected a finite number"),
    ],
)
def test_mistakes_in_a_task_are_said_with_file_and_line(own: Path, before: str, after: str, error: str) -> None:
    module = new_scene("lever") / "scene.py"
    module.write_text(module.read_text().replace(before, after))
    env = open_env("lever")

    def begin() -> None:
        env.reset(seed=0)
        env.step(HOLD)

    with pytest.raises(SceneModuleError, match=error):
        begin()
    env.close()


def test_a_scene_without_policies_begins_with_one_that_stands_still(own: Path, tmp_path: Path) -> None:
    new_scene("lever")
    with Workspace.open(tmp_path / "workspace") as workspace:
        driven = GymScene.make("lever")
        loaded = load_named_policy(workspace, "lever", "initial", driven)
        observation, _ = driven.reset(seed=0)
        assert not loaded.policy.act(observation).action.any()
        assert policy_folder(workspace, "lever", "initial").name == loaded.policy.policy_id
        driven.close()
