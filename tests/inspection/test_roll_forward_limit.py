from pathlib import Path

import pytest

from mile_desktop.inspection.messages import RollForward
from mile_desktop.inspection.roll_forward import roll_forward
from mile_desktop.operators.no_operator import NoOperator
from mile_desktop.paths import SCENES_VARIABLE
from mile_desktop.rollout.clock import SimulatedClock
from mile_desktop.rollout.messages import LoadSession, SetTimeLimit
from mile_desktop.rollout.session import Session
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.records import TIME_LIMIT
from mile_desktop.storage.workspace import Workspace
from tests.scenes.gymnasium.conftest import PENDULUM


def test_a_policy_that_is_rolled_forward_has_the_time_of_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SCENES_VARIABLE, str(tmp_path / "scenes"))
    folder = tmp_path / "scenes" / "pendulum"
    folder.mkdir(parents=True)
    text = PENDULUM.replace("max_steps = 50", "max_steps = 5\nrate_hz = 8.0").replace("-250.0", "1000.0")
    (folder / "scene.toml").write_text(text)
    plan = LoadSession(workspace=str(tmp_path / "w"), scene="pendulum", policy="initial")
    session = Session(plan, NoOperator(), publish=lambda _: None, show=None, clock=SimulatedClock())
    session.handle(SetTimeLimit(seconds=1.5))
    session.loop.start()
    for _ in range(20):
        session.tick()
    session.recorder.flush()
    session.close()
    with Workspace.open(tmp_path / "w") as workspace:
        (record,) = Catalogue(workspace).episodes("pendulum")
        command = RollForward(1, str(tmp_path / "w"), record.episode_id, 8, ("initial",))
        (path,) = roll_forward(workspace, command, lambda *_: None, lambda: False).paths
    assert (path.outcome, len(path.actions) // 4) == (TIME_LIMIT, 12 - 8), "the scene's own limit is 5"
