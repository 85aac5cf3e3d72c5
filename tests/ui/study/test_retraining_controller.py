"""The step between two rounds: progress, a failure, and the ways on; the training itself is tested with its command."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.session import ParticipantSession
from mile_desktop.ui.composition import Composition, compose
from mile_desktop.ui.shell.preferences import PreferenceStore
from tests.study.conftest import ROUNDS
from tests.study.test_session import until


@pytest.fixture
def session(tmp_path: Path) -> ParticipantSession:
    (tmp_path / "p.toml").write_text(ROUNDS.replace('name = "off"', 'name = "off"\nmethod = "bc"'), encoding="utf-8")
    study = StudyFolder.create(tmp_path / "study", str(tmp_path / "p.toml"))
    return until(ParticipantSession(study, study.add_participant().code), "b1-t1")


@pytest.fixture
def asked(parts: Composition, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []
    monkeypatch.setattr(parts.study.results, "learn", asked.append)
    return asked


@pytest.fixture
def parts(qtbot: QtBot, tmp_path: Path, session: ParticipantSession) -> Composition:
    parts = compose(PreferenceStore(tmp_path / "preferences.json"))
    qtbot.addWidget(parts.application.window)
    parts.study.session = session
    parts.study.runner.begin_session(session)
    parts.study.retraining.begin_session(session)
    return parts


def test_progress_is_shown_and_the_new_policy_is_kept(
    parts: Composition, session: ParticipantSession, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    parts.study.runner._block_began[0] = 90.0
    parts.study._advance()
    assert asked == ["P01"]
    parts.study.results.training_progressed.emit(0.4)
    assert parts.study.bar._text.full_text == "The robot learns from what you did. Please wait (40%)."
    assert not parts.study.bar.begin.isEnabled()
    clock[0] += 300.0
    parts.study.results.trained.emit("policy-1")
    assert parts.study.runner._block_began[0] == 390.0, "the time of a block stands still while the robot learns"
    assert session.step is not None
    assert (session.step.key, session.policy_of(session.step)) == ("b1-e2", "policy-1")


def test_a_failure_offers_another_try_and_a_way_on(
    parts: Composition, session: ParticipantSession, asked: list[str]
) -> None:
    parts.study._advance()
    parts.study.results.not_trained.emit("The disk is full.")
    bar = parts.study.bar
    assert (bar.begin.text(), bar.begin.isEnabled()) == ("Try again", True)
    assert "The robot was not retrained: The disk is full." in parts.application.window.messages.entries[-1].text
    bar.begin.click()
    assert asked == ["P01", "P01"]
    assert bar.menu.without_training.isVisible()
    parts.study.results.not_trained.emit("The disk is full.")
    # The session was left and goes on: an answer that comes meanwhile changes nothing.
    parts.study.retraining.begin_session(None)
    parts.study.results.trained.emit("policy-1")
    parts.study.retraining.begin_session(session)
    assert parts.study.retraining.step is not None
    bar.menu.without_training.trigger()
    assert session.step is not None
    assert session.step.key == "b1-e2"
    assert session.participant.remarks[-1].text == "The disk is full."
    # The menu offers it at this step only.
    assert not bar.menu.without_training.isVisible()
