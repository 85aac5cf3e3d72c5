from pathlib import Path

import pytest

from mile_desktop.operators.no_operator import NoOperator
from mile_desktop.paths import SCENES_VARIABLE
from mile_desktop.rollout.clock import SimulatedClock
from mile_desktop.rollout.headless import roll_out
from mile_desktop.rollout.messages import LoadSession
from mile_desktop.rollout.target import with_rate
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.workspace import Workspace
from tests.scenes.gymnasium.conftest import PENDULUM


def test_a_scene_runs_at_its_own_rate_unless_another_one_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SCENES_VARIABLE, str(tmp_path / "scenes"))
    folder = tmp_path / "scenes" / "pendulum"
    folder.mkdir(parents=True)
    (folder / "scene.toml").write_text(PENDULUM.replace("max_steps = 50", "max_steps = 5\nrate_hz = 8.0"))
    for asked, expected in ((0.0, 8.0), (10.0, 10.0)):
        plan = LoadSession(workspace=str(tmp_path / "w"), scene="pendulum", policy="initial", rate_hz=asked)
        assert with_rate(plan).rate_hz == expected
        roll_out(plan, NoOperator(), 1, clock=SimulatedClock())
    with Workspace.open(tmp_path / "w") as workspace:
        assert [each.start.rate_hz for each in Catalogue(workspace).episodes("pendulum")] == [8.0, 10.0]


def test_a_robot_keeps_its_rate() -> None:
    plan = LoadSession(workspace="w", scene="no scene here", robot="tcp://127.0.0.1:1", policy="initial")
    assert with_rate(plan) == plan
