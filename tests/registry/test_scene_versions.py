"""Episodes of an edited scene are not mixed silently."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mile_desktop.cli import main
from mile_desktop.operators.no_operator import NoOperator
from mile_desktop.paths import SCENES_VARIABLE
from mile_desktop.rollout.clock import SimulatedClock
from mile_desktop.rollout.messages import LoadSession
from mile_desktop.rollout.session import Session
from mile_desktop.scenes.template import new_scene
from mile_desktop.scenes.version import scene_version
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.records import SCENE_VERSION
from mile_desktop.storage.scene_versions import keep_description, kept_description, policy_of_other_version
from mile_desktop.storage.workspace import Workspace
from tests.storage.samples import a_policy, a_start

LABELS = ("x m", "y m")


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(SCENES_VARIABLE, str(tmp_path / "scenes"))
    return new_scene("lever")


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def test_what_an_edit_changes(scene: Path) -> None:
    first = scene_version("lever", LABELS)
    assert scene_version("lever", LABELS) == first
    (scene / "scene.py").write_text((scene / "scene.py").read_text() + "\n# a comment\n")
    comment = scene_version("lever", LABELS)
    assert comment["meaning"] == first["meaning"]
    assert comment["code"] != first["code"]
    assert scene_version("lever", LABELS[::-1])["meaning"] != first["meaning"]
    edit(scene / "scene.toml", "max_speed", "# max_speed")
    (scene / "scene.toml").write_text(
        (scene / "scene.toml").read_text().replace("[control]", "[control]\nmax_speed = 0.123", 1)
    )
    assert scene_version("lever", LABELS)["meaning"] != first["meaning"]


def test_a_policy_of_another_version_is_named_and_others_are_not() -> None:
    now = {"meaning": "b", "code": "2"}

    def said(learned: object) -> str:
        return policy_of_other_version(a_policy("p1", name="v3", settings={"learned": learned}), now)

    assert said({SCENE_VERSION: {"meaning": "a", "code": "1"}}).startswith(
        "v3 was trained on an earlier version of peg-insertion: labels, rates or speeds have changed since"
    )
    for same in (
        {SCENE_VERSION: {"meaning": "b", "code": "1"}},
        {SCENE_VERSION: {}},
        {SCENE_VERSION: "?"},
        {},
        None,
        3,
    ):
        assert said(same) == ""
    assert policy_of_other_version(a_policy("p1"), now) == ""


def test_a_training_leaves_episodes_of_an_earlier_scene_out_and_says_so(
    scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["--scene", "lever", "--workspace", str(tmp_path / "w"), "--json"]
    roll = ["rollout", "--operator", "segment", *common]
    assert main([*roll, "--episodes", "2"]) == 0
    edit(scene / "scene.toml", "max_speed", "# max_speed")
    (scene / "scene.toml").write_text(
        (scene / "scene.toml").read_text().replace("[control]", "[control]\nmax_speed = 0.2", 1)
    )
    assert main([*roll, "--episodes", "1"]) == 0
    (scene / "scene.py").write_text((scene / "scene.py").read_text() + "\n# a comment\n")
    assert main([*roll, "--episodes", "2"]) == 0
    capsys.readouterr()
    settings = json.dumps({"ensemble": 2, "hidden": [8], "fit_epochs": 1, "takeover_trial": 0})
    assert main(["train", "--method", "bc", "--epochs", "1", "--settings", settings, *common]) == 0
    said = [event.get("text", "") for event in map(json.loads, capsys.readouterr().out.splitlines())]
    assert (
        "2 episodes of an earlier version of lever are left out: its labels, rates or speeds have changed since, so "
        "their numbers mean something else."
    ) in said
    assert any(text.startswith("1 episode was recorded with earlier files of lever and is used") for text in said)
    with Workspace.open(tmp_path / "w") as workspace:
        catalogue = Catalogue(workspace)
        (trained,) = [each for each in catalogue.policies("lever") if each.method == "bc"]
        newest = [each.episode_id for each in catalogue.episodes("lever")][2:]
        assert list(trained.episode_ids) == newest
        assert trained.settings["learned"]["scene_version"]["meaning"]
        kept = catalogue.episodes("lever")
    target = tmp_path / "lever.parquet"
    assert main(["export-dataset", "--format", "parquet", str(target), *common[:4]]) == 0
    assert "2 episodes of an earlier version of lever are left out" in capsys.readouterr().err
    assert set(pq.read_table(target)["episode_id"].to_pylist()) == set(newest)
    metadata = [pq.read_schema(tmp_path / "w" / "episodes" / f"{each.episode_id}.parquet").metadata for each in kept]
    described = [json.loads(each[b"mile_desktop.scene"]) for each in metadata]
    assert described[0]["scene"] == "lever"
    assert described[0]["env_id"] == "own/Lever-v0"
    assert len(described[0]["observation"]) > 10
    assert len(list((tmp_path / "w" / "scenes").iterdir())) == 2, "one file for each version"
    plan = LoadSession(workspace=str(tmp_path / "w"), scene="lever", policy=trained.policy_id)
    assert problems(plan) == ()
    edit(scene / "scene.toml", "max_speed = 0.2", "max_speed = 0.1")
    assert "was trained on an earlier version of lever" in problems(plan)[0]


def problems(plan: LoadSession) -> tuple[str, ...]:
    session = Session(plan, NoOperator(), publish=lambda _: None, show=None, clock=SimulatedClock())
    found = session.loaded().problems
    session.close()
    return found


def test_a_digest_from_a_file_leads_nowhere_else(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "w") as workspace:
        keep_description(workspace, {"meaning": "../../outside"}, {"scene": "lever"})
        start = a_start(extra={"scene_version": {"meaning": "../workspace"}})
        assert kept_description(workspace, start) == b""
    assert not (tmp_path / "outside.json").exists()
