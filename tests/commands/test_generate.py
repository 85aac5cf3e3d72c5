"""``generate`` from end to end: gate, set, lineage, training with and without it, removal and cancel."""

import dataclasses
import json
from pathlib import Path

import pytest

from mile_desktop.cli import main
from mile_desktop.generation import generator
from mile_desktop.generation.generator import GenerationCancelled, GenerationOrder, generate
from mile_desktop.paths import RESOURCES
from mile_desktop.scenes.shift import read_shift
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.generated_sets import generated_sets, read_set
from mile_desktop.storage.workspace import Workspace

SCENE = "button-press"
SETTINGS = json.dumps({"ensemble": 3, "hidden": [32], "fit_epochs": 15, "takeover_trial": 0})
LIGHT = json.dumps({"ensemble": 1, "hidden": [8], "fit_epochs": 1, "takeover_trial": 0})
"""Where only what was learned from matters, and not how well."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with supervised episodes and a model that was fitted to them."""
    folder = tmp_path_factory.mktemp("generate") / "workspace"
    common = ["--scene", SCENE, "--workspace", str(folder)]
    assert main(["rollout", "--operator", "attentive", "--episodes", "9", *common]) == 0
    assert main(["train", "--epochs", "2", "--settings", SETTINGS, "--run-id", "r1", *common]) == 0
    return folder


def run(words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, object]], str]:
    status = main([*words, "--scene", SCENE, "--workspace", str(folder), "--json"])
    captured = capsys.readouterr()
    return status, [json.loads(line) for line in captured.out.splitlines()], captured.err


def test_the_model_that_ships_may_not_stand_in_for_a_person(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Workspace.open(tmp_path / "w"):
        pass
    status, _, said = run(["generate"], tmp_path / "w", capsys)
    assert status == 1
    assert "the intervention model is the one that came with the program" in said
    with Workspace.open(tmp_path / "w") as workspace:
        assert Catalogue(workspace).runs() == ()


def test_a_wrong_file_of_ranges_is_said_before_anything_is_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "wide.toml"
    path.write_text("[physics]\nmass = [3, 2]\n")
    status, _, said = run(["generate", "--randomise", str(path)], tmp_path / "none", capsys)
    assert status == 1
    assert "physics.mass: found [3, 2], expected a number" in said
    assert not (tmp_path / "none").exists()


def test_a_set_is_generated_learned_from_on_request_and_removed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Workspace.open(folder) as workspace:
        before = Catalogue(workspace).learning_summary(SCENE)
        fitted = Catalogue(workspace).latest_intervention_model(SCENE)
    assert fitted is not None
    status, lines, said = run(["generate", "--episodes", "3", "--run-id", "g1"], folder, capsys)
    assert status == 0, said
    assert {"progress", "text"} == set(lines[0])
    made = lines[-1]
    assert (made["set_id"], made["tried"], made["scene"]) == ("g1", 3, SCENE)
    gate = made["gate"]
    assert isinstance(gate, dict)
    assert gate["human_error"] < gate["policy_error"]
    assert run(["generate", "--list"], folder, capsys)[1][0]["set_id"] == "g1"
    with Workspace.open(folder) as workspace:
        catalogue = Catalogue(workspace)
        # Marked, kept apart, and never counted as a person's.
        assert catalogue.learning_summary(SCENE) == before
        episodes = read_set(workspace, "g1")
        assert all(each.record.start.extra["generated"] == "g1" for each in episodes)
        assert {each.record.start.operator for each in episodes} == {"learned human"}
        assert {each.record.outcome for each in episodes} == {"success"}
        row = catalogue.run("g1")
        assert (row.method, row.state, row.parent_policy_id) == ("generate", "finished", made["policy_id"])

    training = ["train", "--epochs", "1", "--settings", LIGHT, "--run-id", "r3", "--generated"]
    assert run(training, folder, capsys)[0] == 0
    with Workspace.open(folder) as workspace:
        catalogue = Catalogue(workspace)
        without, with_them = (catalogue.policy(catalogue.run(each).policy_id or "") for each in ("r1", "r3"))
        assert without.settings["learned"]["generated"] == ""
        assert f"{len(episodes)} episodes" in with_them.settings["learned"]["generated"]
        assert with_them.settings["learned"]["generated_sets"] == ["g1"]
        assert with_them.episode_ids == without.episode_ids
        # The model of the person is fitted to the same takeovers, with and without generated ones.
        assert {each.takeovers for each in catalogue.intervention_models(SCENE)} == {fitted.takeovers}

    assert run(["generate", "--remove", "all"], folder, capsys)[1] == [{"removed": "g1"}]
    assert run(["generate", "--list"], folder, capsys)[1] == []
    assert run(["generate", "--remove", "g1"], folder, capsys)[0] == 1


def test_a_cancelled_generation_keeps_nothing_but_its_row(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    usual = read_shift(str(RESOURCES / "randomisation" / "usual.toml"))
    with Workspace.open(folder) as workspace:
        # The first one: those of the light trainings have one member, which has seen every takeover.
        model = Catalogue(workspace).intervention_models(SCENE)[0].model_id
        order = GenerationOrder(SCENE, 5, usual, model=model, run_id="g2")
        with pytest.raises(GenerationCancelled):
            generate(workspace, order, report=lambda _, text: said.append(text), cancelled=lambda: len(said) > 2)
        assert said[-1] == "Episode 2 of 5"
        assert generated_sets(workspace) == ()
        assert Catalogue(workspace).run("g2").state == "cancelled"
        monkeypatch.setattr(generator._Generation, "_episodes", lambda *_: ())
        with pytest.raises(generator.NothingKeptError, match="None of 5 generated episodes ended in success"):
            generate(workspace, dataclasses.replace(order, run_id="g3"), report=lambda *_: None)
        assert Catalogue(workspace).run("g3").state == "failed"


def test_a_training_leaves_out_what_was_recorded_under_a_shift_unless_asked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shifted = ["rollout", "--operator", "attentive", "--shift", "mild", "--seed", "50"]
    assert run(shifted, folder, capsys)[0] == 0
    training = ["train", "--epochs", "1", "--settings", LIGHT]
    lines = run([*training, "--run-id", "r4"], folder, capsys)[1]
    assert any("1 episode is left out: recorded under a shift" in str(each.get("text")) for each in lines)
    lines = run([*training, "--run-id", "r5", "--shifted"], folder, capsys)[1]
    assert not any("under a shift" in str(each.get("text")) for each in lines)
    with Workspace.open(folder) as workspace:
        catalogue = Catalogue(workspace)
        without, with_it = (catalogue.policy(catalogue.run(each).policy_id or "") for each in ("r4", "r5"))
    assert len(with_it.episode_ids) == len(without.episode_ids) + 1
