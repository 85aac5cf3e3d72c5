"""A participant withdraws in a session: the episode reaches the disk first, and then everything is erased."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QInputDialog
from pytestqt.qtbot import QtBot

from mile_desktop.rollout import messages as m
from mile_desktop.rollout.phases import Phase
from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.session import ParticipantSession
from mile_desktop.ui.composition import Composition, compose
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.workspace_session import WorkspaceSession
from tests.study.conftest import ROUNDS
from tests.study.test_session import until
from tests.ui.window_examples import status_with


@pytest.fixture
def parts(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Composition]:
    """Return a window without processes in which the first of two participants is in an episode."""
    (tmp_path / "p.toml").write_text(ROUNDS.replace('name = "off"', 'name = "off"\nmethod = "bc"'), encoding="utf-8")
    study = StudyFolder.create(tmp_path / "study", str(tmp_path / "p.toml"))
    session = until(ParticipantSession(study, study.add_participant().code), "b1-e1")
    study.add_participant()
    parts = compose(PreferenceStore(tmp_path / "preferences.json"))
    application = parts.application
    qtbot.addWidget(application.window)
    monkeypatch.setattr(application.worker, "send", lambda _: None)
    monkeypatch.setattr(type(application.worker), "alive", property(lambda _: True))
    monkeypatch.setattr(application, "load_scene", lambda *_: None)
    application.workspace = WorkspaceSession(study.folder)
    parts.study.study = study
    parts.study.withdrawal.use_study(study)
    parts.study.session = session
    parts.study.runner.begin_session(session)
    parts.study.retraining.begin_session(session)
    yield parts
    application.close_workspace()


def codes(parts: Composition) -> list[str]:
    assert parts.study.study is not None
    return [each.code for each in parts.study.study.participants().participants]


def become(parts: Composition, monkeypatch: pytest.MonkeyPatch, phase: Phase) -> None:
    monkeypatch.setattr(type(parts.application.worker), "status", property(lambda _: status_with(phase=phase)))


def test_the_running_episode_is_closed_before_anything_is_erased(
    parts: Composition, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    become(parts, monkeypatch, Phase.AUTONOMOUS)
    parts.study.withdrawal.withdraw("P01")
    assert codes(parts) == ["P01", "P02"]
    assert parts.study.session is not None
    parts.application.worker.episode_closed.emit(
        m.EpisodeClosed(episode_id="ep-1", outcome="aborted", steps=9, takeovers=1, human_steps=3)
    )
    assert parts.study.session is None
    assert codes(parts) == ["P01", "P02"], "the worker is not at rest yet"
    become(parts, monkeypatch, Phase.STOPPED)
    qtbot.waitUntil(lambda: codes(parts) == ["P02"])
    assert "P01 has withdrawn: 0 episodes were erased." in parts.application.window.messages.entries[-1].text


def test_a_retraining_that_was_cancelled_ends_first(
    parts: Composition, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    become(parts, monkeypatch, Phase.IDLE)
    learning = True
    monkeypatch.setattr(type(parts.study.results), "learning", property(lambda _: learning))
    parts.study.withdrawal.withdraw("P01")
    assert parts.study.session is None
    assert codes(parts) == ["P01", "P02"]
    learning = False
    qtbot.waitUntil(lambda: codes(parts) == ["P02"])


def test_a_wrong_code_erases_nothing_and_says_so(
    parts: Composition, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    become(parts, monkeypatch, Phase.IDLE)
    parts.study.bar.menu.withdrawn.emit()
    dialog = parts.application.window.findChild(QInputDialog)
    assert dialog is not None
    assert "Everything that was recorded of P01 is erased for good." in dialog.labelText()
    dialog.setTextValue("P02")
    dialog.accept()
    assert codes(parts) == ["P01", "P02"]
    said = parts.application.window.messages.entries[-1].text
    assert said == "Nothing was erased: found P02, expected the code P01."
    assert parts.study.session is not None
