from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from mile_desktop.inspection.replay import EXACT, Replay, ReplayCancelledError, ReplayError
from mile_desktop.rollout.scene import GymScene
from mile_desktop.storage.episodes import read_recording
from mile_desktop.storage.records import Episode
from mile_desktop.storage.workspace import Workspace


@pytest.fixture(scope="module")
def scene() -> Iterator[GymScene]:
    scene = GymScene.make("peg-insertion")
    yield scene
    scene.close()


@pytest.fixture
def episode(recorded: Workspace, episode_id: str) -> Episode:
    return read_recording(recorded, episode_id)


def test_the_example_has_everything_that_makes_a_replay_difficult(episode: Episode) -> None:
    rewinds = np.flatnonzero(episode.starts_at_row >= 0)
    assert [bool(episode.intervention[row]) for row in rewinds] == [False, True]
    assert (np.diff(episode.timestamp) > 0.12).sum() >= 3
    assert episode.intervention.any()
    assert episode.record.drivers == ("keyboard",)


def test_a_replay_is_exact_through_takeovers_holds_and_rewinds(scene: GymScene, episode: Episode) -> None:
    rows = list(Replay(scene, episode).rows())
    assert [each.row for each in rows] == list(range(len(episode)))
    assert rows[-1].deviation <= EXACT
    assert all(np.array_equal(each.observation, episode.observation[each.row]) for each in rows)


def test_the_deviation_of_a_changed_recording_is_measured(scene: GymScene, episode: Episode) -> None:
    changed = replace(episode, action=episode.action.copy())
    changed.action[10] = 1.0
    rows = list(Replay(scene, changed).rows())
    assert rows[10].deviation <= EXACT
    assert rows[-1].deviation > 10 * EXACT
    assert rows[-1].deviation_row > 10


def test_an_impossible_replay_is_refused_with_a_sentence(scene: GymScene, episode: Episode) -> None:
    small = replace(episode, scene_state=episode.scene_state[:, :5])
    with pytest.raises(ReplayError, match="another version of the scene"):
        list(Replay(scene, small).rows())
    damaged = replace(episode, starts_at_row=np.where(np.arange(len(episode)) == 3, 9, -1).astype(np.int32))
    with pytest.raises(ReplayError, match="comes later"):
        list(Replay(scene, damaged).rows())


def test_a_replay_can_be_cancelled(scene: GymScene, episode: Episode) -> None:
    with pytest.raises(ReplayCancelledError):
        list(Replay(scene, episode, lambda: True).rows())
