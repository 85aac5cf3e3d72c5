"""The episode's time limit where a person has chosen it, with the fake clock and a point on a line."""

from pathlib import Path

import pytest

from mile_desktop.operators.no_operator import NoOperator
from mile_desktop.paths import SCENES_VARIABLE
from mile_desktop.rollout.clock import SimulatedClock
from mile_desktop.rollout.messages import LoadSession, SetTimeLimit
from mile_desktop.rollout.session import Session
from mile_desktop.rollout.time_limit import TimeLimit, recorded_limit, time_limit
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.records import EPISODE_LIMIT, TIME_LIMIT
from mile_desktop.storage.workspace import Workspace
from tests.rollout.point_scene import PointRollout, PointScene
from tests.scenes.gymnasium.conftest import PENDULUM

OWN = PointScene.max_steps


@pytest.fixture
def rollout() -> PointRollout:
    """Return a policy that never arrives: it ends by the time limit only."""
    made = PointRollout(action=0.01)
    made.operator.kind = "keyboard"
    made.operator.action = 0.0
    return made


def limit_to(rollout: PointRollout, steps: int, *, stops: bool = False) -> None:
    rollout.loop.runner.limit = TimeLimit(steps, OWN, stops)


@pytest.mark.parametrize("steps", [7, OWN - 1, OWN + 1, 3 * OWN])
def test_an_episode_ends_after_the_chosen_time_and_not_after_the_scenes(rollout: PointRollout, steps: int) -> None:
    limit_to(rollout, steps)
    rollout.loop.start()
    rollout.tick(4 * OWN)
    assert (rollout.sink.ends, len(rollout.sink.steps)) == ([TIME_LIMIT], steps)


def test_without_a_choice_the_scene_decides(rollout: PointRollout) -> None:
    rollout.loop.start()
    rollout.tick(2 * OWN)
    assert (rollout.sink.ends, len(rollout.sink.steps)) == ([TIME_LIMIT], OWN)


@pytest.mark.parametrize("stops", [False, True])
def test_time_stands_still_while_a_person_drives_if_chosen(rollout: PointRollout, *, stops: bool) -> None:
    limit_to(rollout, 10, stops=stops)
    rollout.loop.start()
    rollout.tick(4)
    rollout.operator.takeover = True
    rollout.tick(20)
    episode = rollout.loop.runner.episode
    assert episode is not None, "a person is never cut off"
    assert episode.counted == (4 if stops else 24)
    rollout.operator.takeover = False
    rollout.tick(20)
    assert rollout.sink.ends == [TIME_LIMIT]
    assert len(rollout.sink.steps) == (30 if stops else 25)


def test_time_runs_while_a_simulated_supervisor_drives(rollout: PointRollout) -> None:
    rollout.operator.kind = "segment"
    limit_to(rollout, 10, stops=True)
    rollout.loop.start()
    rollout.operator.takeover = True
    rollout.tick(20)
    assert (rollout.sink.ends, len(rollout.sink.steps)) == ([TIME_LIMIT], 10)


def test_a_rewind_takes_the_time_back(rollout: PointRollout) -> None:
    limit_to(rollout, 10, stops=True)
    rollout.loop.start()
    rollout.tick(3)
    rollout.operator.takeover = True
    rollout.tick(4)
    rollout.operator.takeover = False
    rollout.tick(2)
    episode = rollout.loop.runner.episode
    assert episode is not None
    assert (episode.step, episode.counted) == (9, 5)
    rollout.operator.rewind = True
    rollout.tick(4)
    assert (episode.step, episode.counted) == (5, 3)
    rollout.tick(3)
    assert (episode.step, episode.counted) == (2, 2)


def test_a_change_counts_from_the_next_episode_on(rollout: PointRollout) -> None:
    limit_to(rollout, 8)
    rollout.loop.start(2)
    rollout.tick(3)
    limit_to(rollout, 5)
    rollout.tick(20)
    assert len(rollout.sink.steps) == 8 + 5


def test_an_end_before_the_scenes_limit_has_another_reason_and_stays_one() -> None:
    limit = TimeLimit(steps=300, scene_steps=200)
    assert limit.is_over(counted=50, taken=50, truncated=True)
    assert not limit.is_over(counted=250, taken=250, truncated=True)


@pytest.mark.parametrize(
    ("seconds", "stops", "expected"),
    [
        (0.0, False, None),
        (10.0, False, None),
        (0.0, True, TimeLimit(200, 200, True)),
        (25.5, False, TimeLimit(510, 200)),
        (0.01, False, TimeLimit(1, 200)),
    ],
)
def test_seconds_become_steps_and_the_scenes_own_limit_is_none(
    seconds: float, stops: bool, expected: TimeLimit | None
) -> None:
    assert time_limit(SetTimeLimit(seconds, stops), 20.0, 200) == expected


def test_a_limit_of_no_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="steps: found 0"):
        TimeLimit(0, 200)


@pytest.mark.parametrize("guided", [False, True])
def test_a_session_records_the_limit_with_the_episode_and_a_study_keeps_the_scenes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, guided: bool
) -> None:
    monkeypatch.setenv(SCENES_VARIABLE, str(tmp_path / "scenes"))
    folder = tmp_path / "scenes" / "pendulum"
    folder.mkdir(parents=True)
    text = PENDULUM.replace("max_steps = 50", "max_steps = 5\nrate_hz = 8.0").replace("-250.0", "1000.0")
    (folder / "scene.toml").write_text(text)
    plan = LoadSession(workspace=str(tmp_path / "w"), scene="pendulum", policy="initial", guided=guided)
    session = Session(plan, NoOperator(), publish=lambda _: None, show=None, clock=SimulatedClock())
    session.handle(SetTimeLimit(seconds=1.5, stops_while_driving=True))
    assert (session.status().limit_steps, session.status().time_stops) == ((5, False) if guided else (12, True))
    session.loop.start()
    session.tick()
    session.tick()
    assert session.status().steps_left == (3 if guided else 10)
    for _ in range(20):
        session.tick()
    session.recorder.flush()
    session.close()
    with Workspace.open(tmp_path / "w") as workspace:
        (record,) = Catalogue(workspace).episodes("pendulum")
    assert (record.outcome, record.steps) == (TIME_LIMIT, 5 if guided else 12)
    noted = {"steps": 12, "scene_steps": 5, "stops_while_driving": True}
    assert record.start.extra.get(EPISODE_LIMIT) == (None if guided else noted)
    assert recorded_limit(record.start.extra) == (None if guided else TimeLimit(12, 5, True))
