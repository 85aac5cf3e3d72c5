"""One round with an environment of gymnasium on the command line: add, supervise, retrain, evaluate."""

import json
from pathlib import Path

import pytest

from mile_desktop.cli import main
from mile_desktop.paths import SCENES_VARIABLE
from mile_desktop.policies.config import read_policy_config
from mile_desktop.storage.episodes import read_episode_file

_SWING_UP = """
import numpy as np


def EXPERT(observation):
    cosine, sine, speed = observation.tolist()
    energy = speed**2 / 6 + 5 * (cosine - 1)
    torque = -8 * sine - 2 * speed if cosine > 0.8 else -np.sign(speed + 1e-9) * np.sign(energy) * 1.0
    return np.clip(np.array([torque / 2]), -1, 1).astype(np.float32)
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(SCENES_VARIABLE, str(tmp_path / "scenes"))
    return tmp_path / "workspace"


def run(arguments: list[str], workspace: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    status = main([*arguments, "--workspace", str(workspace), "--json"])
    captured = capsys.readouterr()
    assert status == 0, captured.err
    return [json.loads(line) for line in captured.out.splitlines()]


def test_a_round_of_pendulum(workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["scenes", "--gymnasium", "Pendulum-v1"], workspace, capsys)
    (tmp_path / "scenes" / "pendulum" / "scene.py").write_text(_SWING_UP)
    on_it = ["--scene", "pendulum"]
    (expert,) = run(["evaluate", *on_it, "--policy", "expert", "--episodes", "4"], workspace, capsys)[-1:]
    assert int(str(expert["successes"])) >= 2
    episodes = run(["rollout", *on_it, "--operator", "segment", "--episodes", "2"], workspace, capsys)
    assert sum(int(str(episode["takeovers"])) for episode in episodes) > 0
    recorded = read_episode_file(next((workspace / "episodes").glob("*.parquet")))
    assert recorded.observation.shape[1:] == (3,)
    assert recorded.action.shape[1:] == (1,)
    settings = json.dumps({"ensemble": 2, "hidden": [16], "fit_epochs": 5, "takeover_trial": 0})
    train = ["train", *on_it, "--method", "mile", "--epochs", "2", "--settings", settings, "--evaluate", "2"]
    assert run(train, workspace, capsys)[-1]["policy"]


def test_a_discrete_environment_begins_with_a_policy_that_rests(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["scenes", "--gymnasium", "MountainCar-v0"], workspace, capsys)
    run(["rollout", "--scene", "mountain-car", "--episodes", "1"], workspace, capsys)
    (folder,) = (workspace / "policies").iterdir()
    assert (read_policy_config(folder).network, read_policy_config(folder).action_size) == ("categorical", 3)
    (path,) = (workspace / "episodes").glob("*.parquet")
    episode = read_episode_file(path)
    assert set(episode.action.argmax(axis=1).tolist()) == {1}
    assert episode.record.outcome == "time limit"
