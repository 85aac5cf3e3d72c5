"""One round with discrete actions on the command line: supervise, retrain, compare, calibrate."""

import json
from pathlib import Path

import pytest

from mile_desktop.cli import main
from mile_desktop.storage.episodes import read_episode_file


def run(arguments: list[str], workspace: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    status = main([*arguments, "--scene", "lunar-lander", "--workspace", str(workspace), "--json"])
    captured = capsys.readouterr()
    assert status == 0, captured.err
    return [json.loads(line) for line in captured.out.splitlines()]


def test_a_round_of_the_lander(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = tmp_path / "workspace"
    episodes = run(["rollout", "--operator", "segment", "--episodes", "2", "--seed", "5"], workspace, capsys)
    assert sum(int(str(episode["takeovers"])) for episode in episodes) > 0
    for path in (workspace / "episodes").glob("*.parquet"):
        episode = read_episode_file(path)
        assert set(episode.action.sum(axis=1).tolist()) == {1.0}
        assert episode.policy_mean.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    settings = json.dumps({"ensemble": 2, "hidden": [16], "fit_epochs": 5, "takeover_trial": 0})
    train = ["train", "--method", "mile", "--epochs", "2", "--settings", settings, "--evaluate", "2", "--run-id", "r1"]
    events = run(train, workspace, capsys)
    (compared,) = [event for event in events if event.get("event") == "compared"]
    assert compared["episodes"] == 2
    policy = str(events[-1]["policy"])
    config = json.loads((workspace / "policies" / policy / "config.json").read_text())
    assert (config["network"], config["action_size"]) == ("categorical", 4)
    (model,) = (workspace / "interventions").iterdir()
    assert json.loads((model / "config.json").read_text())["actions"] == "categorical"
    # Five epochs of fitting leave the members alike: the best cost and scale make p a constant.
    assert main(["calibrate", "--scene", "lunar-lander", "--workspace", str(workspace)]) == 1
    assert "nearly the same at every moment" in capsys.readouterr().err
    assert [each.name for each in (workspace / "interventions").iterdir()] == [model.name]
