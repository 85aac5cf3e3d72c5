"""The study's own file cannot be written for a while: nothing is lost, asked twice or left without a button."""

import errno
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mile_desktop.rollout import messages as m
from mile_desktop.storage.errors import WorkspaceFullError
from mile_desktop.study import folder as study_folder
from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.session import ParticipantSession
from mile_desktop.ui.composition import Composition, compose
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.study.episode_runner import EpisodeState
from tests.study.conftest import ROUNDS
from tests.study.test_session import until


class FullDisk:
    """Refuses every writing of the study's files while ``full`` is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        self._write = study_folder.write_durably
        monkeypatch.setattr(study_folder, "write_durably", self._refuse_or_write)

    def _refuse_or_write(self, path: Path, content: bytes) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._write(path, content)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> FullDisk:
    return FullDisk(monkeypatch)


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    (tmp_path / "p.toml").write_text(ROUNDS.replace('name = "off"', 'name = "off"\nmethod = "bc"'), encoding="utf-8")
    return StudyFolder.create(tmp_path / "study", str(tmp_path / "p.toml"))


def opened(study: StudyFolder, key: str, qtbot: QtBot, tmp_path: Path) -> tuple[Composition, ParticipantSession]:
    """Return a window without processes whose session is at the step ``key``."""
    session = until(ParticipantSession(study, study.add_participant().code), key)
    parts = compose(PreferenceStore(tmp_path / "preferences.json"))
    qtbot.addWidget(parts.application.window)
    parts.study.session = session
    parts.study.runner.begin_session(session)
    parts.study.retraining.begin_session(session)
    return parts, session


def said(parts: Composition) -> str:
    return parts.application.window.messages.entries[-1].text


def test_an_episode_that_cannot_be_counted_is_counted_by_the_button(
    study: StudyFolder, disk: FullDisk, qtbot: QtBot, tmp_path: Path
) -> None:
    parts, session = opened(study, "b1-e1", qtbot, tmp_path)
    runner, bar = parts.study.runner, parts.study.bar
    runner.state = EpisodeState.RUNNING
    disk.full = True
    parts.application.worker.episode_closed.emit(
        m.EpisodeClosed(episode_id="ep-1", outcome="success", steps=9, takeovers=1, human_steps=3)
    )
    assert "is full; everything recorded so far is safe" in said(parts)
    assert (bar.begin.text(), bar.begin.isEnabled()) == ("Try again", True)
    bar.begin.click()
    assert session.participant.episodes == (), "still full"
    disk.full = False
    bar.begin.click()
    assert [each.episode_id for each in session.participant.episodes] == ["ep-1"]
    assert session.step is not None
    assert session.step.key != "b1-e1", "it is not run again"


def test_a_policy_that_cannot_be_noted_is_offered_again(
    study: StudyFolder, disk: FullDisk, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, session = opened(study, "b1-t1", qtbot, tmp_path)
    asked: list[str] = []
    monkeypatch.setattr(parts.study.results, "learn", asked.append)
    parts.study._advance()
    disk.full = True
    parts.study.results.trained.emit("policy-1")
    assert "The robot was not retrained: The disk of" in said(parts)
    assert (parts.study.bar.begin.text(), len(asked)) == ("Try again", 1)
    disk.full = False
    parts.study.bar.begin.click()
    parts.study.results.trained.emit("policy-2")
    assert [each.policy_id for each in session.participant.policies] == ["policy-2"]


def test_a_session_that_ends_early_stops_the_robot_first(
    study: StudyFolder, disk: FullDisk, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, session = opened(study, "b1-e1", qtbot, tmp_path)
    stopped: list[bool] = []
    monkeypatch.setattr(parts.application, "stop_episode", lambda: stopped.append(True))
    disk.full = True
    parts.study.abort("The participant feels ill.")
    assert stopped
    assert parts.study.session is session, "the reason is not written yet"
    disk.full = False
    parts.study.abort("The participant feels ill.")
    assert session.participant.stage == "aborted"


def test_a_study_that_could_not_be_made_leaves_an_empty_folder(disk: FullDisk, tmp_path: Path) -> None:
    disk.full = True
    with pytest.raises(WorkspaceFullError, match="is full"):
        StudyFolder.create(tmp_path / "new", "takeover-prediction")
    assert not list((tmp_path / "new").iterdir())
    disk.full = False
    assert StudyFolder.create(tmp_path / "new", "takeover-prediction").participants().participants == ()
