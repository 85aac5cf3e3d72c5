from collections import deque

import numpy as np
import pytest

from mile_desktop.channels.messages import Shutdown
from mile_desktop.inspection.messages import (
    Appraise,
    Appraised,
    CancelJob,
    Command,
    Event,
    InsightsKept,
    JobEnded,
    JobProgress,
    KeepInsights,
    RolledForward,
    RollForward,
    unpacked,
)
from mile_desktop.inspection.worker import InspectionWorker
from mile_desktop.storage.browse import EpisodeFilter, find_episodes, read_rows
from mile_desktop.storage.episodes import read_recording
from mile_desktop.storage.workspace import Workspace


class Application:
    """The window's side, in one thread: commands go in, events come out."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.mail: deque[Command] = deque()
        self.events: list[Event] = []
        self.after_progress: Command | None = None
        self.worker = InspectionWorker(self._receive, self._take)

    def _receive(self) -> list[Command]:
        arrived = list(self.mail)
        self.mail.clear()
        return arrived

    def _take(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, JobProgress) and event.fraction > 0.1 and self.after_progress is not None:
            self.mail.append(self.after_progress)
            self.after_progress = None

    def send(self, *commands: Command) -> list[Event]:
        self.mail += commands
        self.events.clear()
        self.worker.turn()
        while self.worker.busy:
            self.worker.turn()
        return [event for event in self.events if not isinstance(event, JobProgress)]


@pytest.fixture
def desk(recorded: Workspace) -> Application:
    desk = Application(str(recorded.folder))
    yield desk
    desk.worker.close()


def forward(desk: Application, episode: str, **changes: object) -> RollForward:
    values = {
        "job": 1, "workspace": desk.folder, "episode_id": episode, "row": 30, "policies": ("initial", "expert")
    } | changes  # fmt: skip
    return RollForward(**values)  # type: ignore[arg-type]


def test_what_was_shown_is_what_the_same_model_says_now(
    desk: Application, recorded: Workspace, episode_id: str
) -> None:
    (said,) = desk.send(Appraise(job=3, workspace=desk.folder, episode_id=episode_id))
    assert isinstance(said, Appraised)
    episode = read_recording(recorded, episode_id)
    np.testing.assert_array_equal(unpacked(said.probability), episode.intervention_prob)
    np.testing.assert_array_equal(unpacked(said.high), episode.intervention_prob_high)
    assert not said.has_learned


def test_another_robot_would_have_been_expected_to_do_something_else(desk: Application, episode_id: str) -> None:
    usual, other = (
        desk.send(Appraise(job=3, workspace=desk.folder, episode_id=episode_id, source=source, policy=policy))[0]
        for source, policy in (("ensemble", ""), ("published", "initial"))
    )
    assert isinstance(usual, Appraised)
    assert isinstance(other, Appraised)
    assert usual.probability != other.probability


def test_two_policies_go_on_from_a_recorded_row(desk: Application, recorded: Workspace, episode_id: str) -> None:
    (rolled,) = desk.send(forward(desk, episode_id))
    assert isinstance(rolled, RolledForward)
    assert rolled.deviation == 0.0
    episode = read_recording(recorded, episode_id)
    assert len(unpacked(rolled.recorded_end_effector, 3)) == len(episode) - 30
    assert [branch.policy for branch in rolled.branches] == ["initial", "expert"]
    for branch in rolled.branches:
        states = unpacked(branch.states, branch.state_size)
        np.testing.assert_array_equal(states[0], episode.scene_state[30])
        assert len(states) == len(unpacked(branch.end_effector, 3)) == len(unpacked(branch.actions, 4)) + 1
    first = unpacked(rolled.branches[0].actions, 4)[0]
    if not episode.intervention[30]:
        np.testing.assert_allclose(first, episode.policy_action[30], atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"row": 9999}, "no row 9999"),
        ({"episode_id": "ep-nobody"}, "ep-nobody"),
        ({"policies": ("v99",)}, "no policy 'v99'"),
        ({"workspace": "/nowhere/at/all"}, "no workspace"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(
    desk: Application, episode_id: str, changes: dict[str, object], words: str
) -> None:
    (ended,) = desk.send(forward(desk, episode_id, **changes))
    assert isinstance(ended, JobEnded)
    assert words in ended.problem


def test_a_job_is_cancelled_while_it_runs_or_waits(desk: Application, episode_id: str) -> None:
    desk.after_progress = CancelJob(job=1)
    assert desk.send(forward(desk, episode_id)) == [JobEnded(job=1)]
    assert desk.send(forward(desk, episode_id, job=4), CancelJob(job=4)) == [JobEnded(job=4)]


def test_the_newest_job_of_a_kind_takes_the_place_of_one_that_waits(desk: Application, episode_id: str) -> None:
    old = Appraise(job=5, workspace=desk.folder, episode_id=episode_id)
    new = Appraise(job=6, workspace=desk.folder, episode_id=episode_id)
    ended, said = desk.send(old, new)
    assert ended == JobEnded(job=5)
    assert isinstance(said, Appraised)
    assert said.job == 6


def test_insights_are_kept_until_none_is_missing(desk: Application, recorded: Workspace, episode_id: str) -> None:
    assert desk.send(KeepInsights(workspace=desk.folder, threshold=0.31)) == [InsightsKept(left=0)]
    assert read_rows(recorded, [episode_id])[episode_id].threshold == 0.31
    assert desk.send(KeepInsights(workspace=desk.folder, threshold=0.31)) == []
    assert find_episodes(recorded, EpisodeFilter(has_miss=True)) == (episode_id,)


def test_an_episode_that_cannot_be_read_is_said_once(desk: Application, recorded: Workspace, episode_id: str) -> None:
    path = recorded.episode_path(episode_id)
    content = path.read_bytes()
    path.write_bytes(content[:100])
    try:
        (kept,) = desk.send(KeepInsights(workspace=desk.folder, threshold=0.77))
        assert isinstance(kept, InsightsKept)
        assert len(kept.problems) == 1
        assert desk.send(KeepInsights(workspace=desk.folder, threshold=0.77)) == []
    finally:
        path.write_bytes(content)


def test_the_end_is_heeded_in_the_middle_of_a_job(desk: Application, episode_id: str) -> None:
    desk.after_progress = Shutdown()
    desk.mail.append(forward(desk, episode_id))
    assert not desk.worker.turn()
