"""A participant presses every key: they drive and look, and reach nothing that the condition does not allow."""

from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication
from pytestqt.qtbot import QtBot

from mile_desktop.study.block import view_of
from mile_desktop.study.folder import StudyFolder
from mile_desktop.study.session import ParticipantSession
from mile_desktop.ui.composition import Composition, compose
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.shell.shortcuts import BINDINGS, PARTICIPANT_ACTIONS
from mile_desktop.ui.study.episode_runner import EpisodeState
from tests.study.conftest import SHORT
from tests.study.test_session import until

DRIVING = {"WindowInput", "RequestStop", "RequestReset", "ToggleHold", "MarkCall", "SetViewYaw", "CancelWords"}
"""Messages to the worker that a participant may cause."""


@pytest.fixture
def sent() -> list[str]:
    return []


@pytest.fixture
def parts(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: list[str]) -> Composition:
    """Return the window in the first episode of a session, without processes."""
    (tmp_path / "p.toml").write_text(SHORT, encoding="utf-8")
    study = StudyFolder.create(tmp_path / "study", str(tmp_path / "p.toml"))
    session = until(ParticipantSession(study, study.add_participant().code), "b1-e1")
    parts = compose(PreferenceStore(tmp_path / "preferences.json"))
    window = parts.application.window
    qtbot.addWidget(window)
    monkeypatch.setattr(parts.application.worker, "send", lambda command: sent.append(type(command).__name__))
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.show_page("supervise")
    parts.study.session = session
    parts.study.runner.begin_session(session)
    parts.study.runner.state = EpisodeState.RUNNING
    parts.guide.offer()
    window.limit_pages(frozenset({"study", "supervise"}))
    parts.study.session_changed.emit(True)
    parts.study.view_changed.emit(view_of(session.protocol.conditions[0]))
    return parts


def test_every_key_drives_or_looks_or_does_nothing(parts: Composition, sent: list[str]) -> None:
    window = parts.application.window
    handle = window.windowHandle()
    assert handle is not None
    shown = {each for each in QApplication.topLevelWidgets() if each.isVisible()}
    for binding in BINDINGS:
        for key in filter(None, (QKeySequence(each) for each in binding.keys)):
            if key.count() == 0 or binding.action == "full_screen":
                continue
            sent.clear()
            QTest.keyClick(handle, key[0].key(), key[0].keyboardModifiers())
            opened = {each for each in QApplication.topLevelWidgets() if each.isVisible()} - shown
            assert not opened, binding.action
            assert window.page == "supervise", binding.action
            assert set(sent) <= DRIVING, binding.action
    assert parts.study.session is not None


def test_a_participant_has_only_the_buttons_of_the_session(parts: Composition) -> None:
    window, guide = parts.application.window, parts.guide
    allowed = (parts.supervise.page, parts.study.page, window.alarms, window.messages, window.toasts)
    for begin in (guide.offer, guide.begin):  # whatever the guide did when the session began
        begin()
        buttons = [each for each in window.findChildren(QAbstractButton) if each.isVisible()]
        assert buttons
        others = [each for each in buttons if not any(part.isAncestorOf(each) for part in allowed)]
        assert not others, [each.text() for each in others]
    assert window.page == "supervise"
    parts.study.session_changed.emit(False)
    assert guide.bar.isVisible(), "the guide is still wanted after the session"


def test_the_keys_work_again_after_the_session(parts: Composition) -> None:
    window = parts.application.window

    def working() -> set[str]:
        return {entry.action for entry, shortcut in window.shortcuts._installed if shortcut.isEnabled()}

    assert working() <= PARTICIPANT_ACTIONS
    window.limit_pages(frozenset())
    assert {"robots", "cameras", "retrain", "page_inspect"} <= working()
