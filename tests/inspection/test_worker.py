from collections import deque

import numpy as np
import pytest

from mile_desktop.channels.messages import Shutdown
from mile_desktop.inspection.messages import (
    CancelJob,
    Command,
    Event,
    InsightsUpdated,
    JobEnded,
    JobProgress,
    PredictAgain,
    PredictedAgain,
    RolledForward,
    RollForward,
    UpdateInsights,
    unpacked,
)
from mile_desktop.inspection.worker import InspectionWorker
from mile_desktop.storage.browse import EpisodeFilter, find_episodes, read_rows
from mile_desktop.storage.episodes import read_recording
from mile_desktop.storage.workspace import Workspace


class FakeWindow:
    """The window's end of the pipe, in one thread: commands go in, events come out."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.commands: deque[Command] = deque()
        self.events: list[Event] = []
        self.after_progress: Command | None = None
        self.worker = InspectionWorker(self._receive, self._take)

    def _receive(self) -> list[Command]:
        arrived = list(self.commands)
        self.commands.clear()
        return arrived

    def _take(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, JobProgress) and event.fraction > 0.1 and self.after_progress is not None:
            self.commands.append(self.after_progress)
            self.after_progress = None

    def send(self, *commands: Command) -> list[Event]:
        self.commands += commands
        self.events.clear()
        self.worker.run_once()
        while self.worker.busy:
            self.worker.run_once()
        return [event for event in self.events if not isinstance(event, JobProgress)]


@pytest.fixture
def window(recorded: Workspace) -> FakeWindow:
    window = FakeWindow(str(recorded.folder))
    yield window
    window.worker.close()


def roll_forward(window: FakeWindow, episode: str, **changes: object) -> RollForward:
    values = {
        "job": 1, "workspace": window.folder, "episode_id": episode, "row": 30, "policies": ("initial", "expert")
    } | changes  # fmt: skip
    return RollForward(**values)  # type: ignore[arg-type]


def test_the_same_model_predicts_what_was_shown_live(window: FakeWindow, recorded: Workspace, episode_id: str) -> None:
    (answer,) = window.send(PredictAgain(job=3, workspace=window.folder, episode_id=episode_id))
    assert isinstance(answer, PredictedAgain)
    episode = read_recording(recorded, episode_id)
    np.testing.assert_array_equal(unpacked(answer.probability), episode.intervention_prob)
    np.testing.assert_array_equal(unpacked(answer.high), episode.intervention_prob_high)
    assert not answer.trained_on_episode


def test_another_expected_policy_changes_the_prediction(window: FakeWindow, episode_id: str) -> None:
    usual, other = (
        window.send(PredictAgain(job=3, workspace=window.folder, episode_id=episode_id, source=source, policy=policy))[
            0
        ]
        for source, policy in (("ensemble", ""), ("published", "initial"))
    )
    assert isinstance(usual, PredictedAgain)
    assert isinstance(other, PredictedAgain)
    assert usual.probability != other.probability


def test_two_policies_are_rolled_forward_from_a_recorded_row(
    window: FakeWindow, recorded: Workspace, episode_id: str
) -> None:
    (rolled,) = window.send(roll_forward(window, episode_id))
    assert isinstance(rolled, RolledForward)
    assert rolled.deviation == 0.0
    episode = read_recording(recorded, episode_id)
    assert len(unpacked(rolled.recorded_end_effector, 3)) == len(episode) - 30
    assert [path.policy for path in rolled.paths] == ["initial", "expert"]
    for path in rolled.paths:
        states = unpacked(path.states, path.state_size)
        np.testing.assert_array_equal(states[0], episode.scene_state[30])
        assert len(states) == len(unpacked(path.end_effector, 3)) == len(unpacked(path.actions, 4)) + 1
    first = unpacked(rolled.paths[0].actions, 4)[0]
    if not episode.intervention[30]:
        np.testing.assert_allclose(first, episode.policy_action[30], atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"row": 9999}, "no row 9999"),
        ({"episode_id": "ep-unknown"}, "ep-unknown"),
        ({"policies": ("v99",)}, "no policy 'v99'"),
        ({"workspace": "/nowhere/at/all"}, "no workspace"),
    ],
)
def test_a_job_that_cannot_be_done_ends_with_a_sentence(
    window: FakeWindow, episode_id: str, changes: dict[str, object], problem: str
) -> None:
    (ended,) = window.send(roll_forward(window, episode_id, **changes))
    assert isinstance(ended, JobEnded)
    assert problem in ended.problem


def test_a_running_or_waiting_job_can_be_cancelled(window: FakeWindow, episode_id: str) -> None:
    window.after_progress = CancelJob(job=1)
    assert window.send(roll_forward(window, episode_id)) == [JobEnded(job=1)]
    assert window.send(roll_forward(window, episode_id, job=4), CancelJob(job=4)) == [JobEnded(job=4)]


def test_a_new_job_replaces_a_waiting_one_of_its_kind(window: FakeWindow, episode_id: str) -> None:
    old = PredictAgain(job=5, workspace=window.folder, episode_id=episode_id)
    new = PredictAgain(job=6, workspace=window.folder, episode_id=episode_id)
    ended, answer = window.send(old, new)
    assert ended == JobEnded(job=5)
    assert isinstance(answer, PredictedAgain)
    assert answer.job == 6


def test_insights_are_computed_until_none_is_missing(window: FakeWindow, recorded: Workspace, episode_id: str) -> None:
    assert window.send(UpdateInsights(workspace=window.folder, threshold=0.31)) == [InsightsUpdated(left=0)]
    assert read_rows(recorded, [episode_id])[episode_id].threshold == 0.31
    assert window.send(UpdateInsights(workspace=window.folder, threshold=0.31)) == []
    assert find_episodes(recorded, EpisodeFilter(has_miss=True)) == (episode_id,)


def test_an_unreadable_episode_is_reported_once(window: FakeWindow, recorded: Workspace, episode_id: str) -> None:
    path = recorded.episode_path(episode_id)
    content = path.read_bytes()
    path.write_bytes(content[:100])
    try:
        (updated,) = window.send(UpdateInsights(workspace=window.folder, threshold=0.77))
        assert isinstance(updated, InsightsUpdated)
        assert len(updated.problems) == 1
        assert window.send(UpdateInsights(workspace=window.folder, threshold=0.77)) == []
    finally:
        path.write_bytes(content)


def test_shutdown_ends_a_running_job(window: FakeWindow, episode_id: str) -> None:
    window.after_progress = Shutdown()
    window.commands.append(roll_forward(window, episode_id))
    assert not window.worker.run_once()
