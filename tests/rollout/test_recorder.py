import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mile_desktop.rollout.recorder import ClosedKind, Recorder
from mile_desktop.storage.catalogue import Catalogue
from mile_desktop.storage.episodes import read_episode
from mile_desktop.storage.records import EpisodeRecord, EpisodeStart, Step
from mile_desktop.storage.workspace import Workspace
from tests.rollout.point_scene import vector


def start(episode_id: str) -> EpisodeStart:
    return EpisodeStart(
        episode_id=episode_id,
        scene="point",
        seed=1,
        policy_id="p",
        operator="none",
        device="",
        rate_hz=20.0,
        started_at="2026-01-01T00:00:00+00:00",
        software_version="test",
    )


def step(index: int, *, size: int = 1) -> Step:
    action = vector(*[0.1] * size)
    return Step(
        timestamp=index / 20,
        observation=vector(float(index)),
        policy_action=action,
        policy_mean=action,
        policy_std=action,
        human_action=None,
        action=action,
        intervention=False,
        intervention_prob=0.5,
        intervention_prob_low=0.4,
        intervention_prob_high=0.6,
        forecast=float("nan"),
        control_phase="autonomous",
        reward=0.0,
        success=False,
        scene_state=vector(0.0),
    )


class RecordedEpisode:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.closed: list[tuple[str, ClosedKind]] = []
        self.recorder = Recorder(folder, self._closed)

    def _closed(self, record: EpisodeRecord, kind: ClosedKind) -> None:
        self.closed.append((record.episode_id, kind))

    def episodes(self) -> list[str]:
        with Workspace.open(self.folder) as workspace:
            return [record.episode_id for record in Catalogue(workspace).episodes()]


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[RecordedEpisode]:
    recording = RecordedEpisode(tmp_path / "workspace")
    yield recording
    recording.recorder.close()


def test_an_episode_is_on_disk_when_it_is_said_to_be(recording: RecordedEpisode) -> None:
    recording.recorder.begin(start("e1"))
    for index in range(5):
        recording.recorder.append(step(index))
    recording.recorder.end("success")
    recording.recorder.flush()
    assert recording.closed == [("e1", "closed")]
    with Workspace.open(recording.folder) as workspace:
        episode = read_episode(workspace, "e1")
    assert episode.record.outcome == "success"
    assert np.array_equal(episode.observation[:, 0], np.arange(5, dtype=np.float32))


def test_a_discarded_episode_can_be_brought_back(recording: RecordedEpisode) -> None:
    recording.recorder.begin(start("e1"))
    recording.recorder.append(step(0))
    recording.recorder.discard()
    recording.recorder.flush()
    assert recording.episodes() == []
    recording.recorder.undo_discard()
    recording.recorder.undo_discard()
    recording.recorder.flush()
    assert recording.episodes() == ["e1"]
    assert recording.closed == [("e1", "discarded"), ("e1", "restored")]


def test_a_step_that_cannot_be_kept_ends_the_recording_of_its_episode_only(recording: RecordedEpisode) -> None:
    recording.recorder.begin(start("e1"))
    recording.recorder.append(step(0))
    recording.recorder.append(step(1, size=3))
    recording.recorder.flush()
    assert "Recording of this episode ended" in recording.recorder.problem
    recording.recorder.append(step(2))
    recording.recorder.end("success")
    recording.recorder.begin(start("e2"))
    recording.recorder.append(step(0))
    recording.recorder.end("success")
    recording.recorder.flush()
    assert recording.recorder.problem == ""
    assert set(recording.episodes()) == {"e1", "e2"}


def test_while_the_database_is_busy_nothing_is_lost(recording: RecordedEpisode) -> None:
    recording.recorder.begin(start("e1"))
    recording.recorder.flush()
    other = sqlite3.connect(recording.folder / "workspace.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    for index in range(20):
        recording.recorder.append(step(index))
    other.execute("ROLLBACK")
    other.close()
    recording.recorder.end("failure")
    recording.recorder.flush()
    with Workspace.open(recording.folder) as workspace:
        assert len(read_episode(workspace, "e1")) == 20


def test_gathered_steps_are_all_there_and_a_misfit_takes_only_what_follows_along(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "w", lambda _record, _kind: None, gather_s=60.0)
    try:
        recorder.begin(start("e1"))
        for index in range(200):
            recorder.append(step(index))
        recorder.end("success")
        recorder.begin(start("e2"))
        for index in range(3):
            recorder.append(step(index))
        recorder.append(step(3, size=3))
        recorder.append(step(4))
        recorder.end("failure")
        recorder.flush()
    finally:
        recorder.close()
    with Workspace.open(tmp_path / "w") as workspace:
        whole, cut = read_episode(workspace, "e1"), read_episode(workspace, "e2")
    assert np.array_equal(whole.observation[:, 0], np.arange(200, dtype=np.float32))
    assert len(cut) == 3


def test_a_recorder_that_lags_behind_says_so(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "w", lambda _record, _kind: None, capacity=20)
    other = None
    try:
        recorder.begin(start("e1"))
        recorder.flush()
        other = sqlite3.connect(tmp_path / "w" / "workspace.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        for index in range(15):
            recorder.append(step(index))
        assert "cannot keep up" in recorder.problem
    finally:
        if other is not None:
            other.execute("ROLLBACK")
            other.close()
        recorder.close()
