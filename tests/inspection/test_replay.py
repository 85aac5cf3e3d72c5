from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mile_desktop.generation.episode_collection import collect
from mile_desktop.inspection.messages import RollForward, unpacked
from mile_desktop.inspection.replay import EXACT, Replay, ReplayCancelledError, ReplayError
from mile_desktop.inspection.roll_forward import roll_forward
from mile_desktop.operators.no_operator import NoOperator
from mile_desktop.registry.policies import load_named_policy
from mile_desktop.rollout.scene import GymScene
from mile_desktop.scenes.catalogue import scene_info
from mile_desktop.scenes.shift import recorded_shift
from mile_desktop.storage.episodes import read_recording
from mile_desktop.storage.generated_sets import GeneratedSet, write_set
from mile_desktop.storage.records import SHIFT_RANGES, Episode
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


def test_an_episode_under_drawn_values_is_rolled_forward_on_the_same_robot(tmp_path: Path) -> None:
    """A generated episode records its ranges: with its seed they give its friction, delay and errors again."""
    ranges = {"friction": (0.4, 0.6), "delay_steps": (2, 2), "noise": (0.01, 0.01), "bias": (0.0, 0.02)}
    with Workspace.open(tmp_path / "w") as workspace:
        driven = GymScene.make("peg-insertion", recorded_shift("wide", ranges))
        policy = load_named_policy(workspace, "peg-insertion", "initial", driven).policy
        made = collect(
            driven, scene_info("peg-insertion"), policy, NoOperator(), first_seed=7, episodes=1,
            notes={SHIFT_RANGES: ranges},
        )  # fmt: skip
        driven.close()
        described = GeneratedSet(
            set_id="run-1", scene="peg-insertion", policy_id=policy.policy_id, model_id="m", randomisation="wide",
            created_at="2026", first_seed=7, tried=1, episodes=1, steps=1, takeovers=0, corrected_steps=0,
        )  # fmt: skip
        write_set(workspace, described, made)
        command = RollForward(
            job=1, workspace=str(workspace.folder), episode_id="generated/run-1/0000", row=20, policies=("initial",)
        )
        rolled = roll_forward(workspace, command, lambda *_: None, lambda: False)
    assert rolled.deviation <= EXACT
    # The same policy on the same robot does the same again.
    assert len(unpacked(rolled.paths[0].actions, 4)) == len(made[0]) - 20
