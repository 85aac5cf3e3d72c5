"""Moments like a chosen one, found among real recorded episodes by the shipped forecast."""

from pathlib import Path

import pytest

from mile_desktop.inspection.alike_moments import find_alike
from mile_desktop.inspection.messages import FindAlike, FoundAlike
from mile_desktop.intervention.model import InterventionModelError
from mile_desktop.operators.no_operator import NoOperator
from mile_desktop.rollout.clock import SimulatedClock
from mile_desktop.rollout.headless import roll_out
from mile_desktop.rollout.messages import LoadSession
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.edit_store import edit_episode
from mile_desktop.storage.edits import Trim
from mile_desktop.storage.workspace import Workspace

SEEDS = (5, 6, 5)
"""The third episode repeats the first one exactly."""


@pytest.fixture(scope="module")
def landings(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[str, ...]]:
    folder = tmp_path_factory.mktemp("landings")
    ids = []
    for seed in SEEDS:
        plan = LoadSession(workspace=str(folder), scene="lunar-lander", policy="initial", gamepad=False, seed=seed)
        ids += [each.episode_id for each in roll_out(plan, NoOperator(), 1, clock=SimulatedClock())]
    return folder, tuple(ids)


def _find(folder: Path, episode_id: str, row: int) -> FoundAlike:
    with Workspace.open(folder) as workspace:
        return find_alike(workspace, FindAlike(job=1, workspace=str(folder), episode_id=episode_id, row=row))


def test_the_same_moment_of_a_repeated_episode_comes_first(landings: tuple[Path, tuple[str, ...]]) -> None:
    folder, (first, other, again) = landings
    found = _find(folder, first, 60)
    assert [each.episode_id for each in found.moments] == [again, other], "itself is left out"
    assert (found.moments[0].row, found.moments[0].distance) == (60, pytest.approx(0, abs=1e-6))
    assert found.moments[1].distance > found.moments[0].distance
    with Workspace.open(folder) as workspace:
        assert found.moments[1].outcome == Catalogue(workspace).episode(other).outcome
    assert not any(each.taken_over for each in found.moments)


def test_rows_are_those_of_the_recording_where_the_beginning_is_trimmed(landings: tuple[Path, tuple[str, ...]]) -> None:
    folder, (first, other, _) = landings
    with Workspace.open(folder) as workspace:
        edit_episode(workspace, other, Trim(40, 120))
    nearest = {each.episode_id: each for each in _find(folder, first, 60).moments}[other]
    assert 40 <= nearest.row <= 120


def test_a_scene_without_a_forecast_says_so(
    landings: tuple[Path, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, (first, _, _) = landings
    monkeypatch.setattr("mile_desktop.inspection.alike_moments.intervention_folder", lambda *_: None)
    with pytest.raises(InterventionModelError, match="no forecast yet"):
        _find(folder, first, 0)
