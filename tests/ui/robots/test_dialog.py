"""Adding, testing and arming robots, without a worker."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mile_desktop.ui.robots.dialog import RobotsDialog
from mile_desktop.ui.robots.robot_store import FILE_NAME, RobotStore
from tests.robots.served import served


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as (server, _):
        yield f"tcp://127.0.0.1:{server.port}"


@pytest.fixture
def store(tmp_path: Path) -> RobotStore:
    return RobotStore(tmp_path / FILE_NAME)


@pytest.fixture
def dialog(qtbot: QtBot, store: RobotStore) -> Iterator[RobotsDialog]:
    opened = RobotsDialog(store)
    qtbot.addWidget(opened)
    opened.open_for_new()
    yield opened
    opened.probe.close()


def test_a_robot_is_tested_remembered_and_driven(
    qtbot: QtBot, dialog: RobotsDialog, store: RobotStore, address: str
) -> None:
    assert not dialog.add.isEnabled()
    assert not dialog.use.isEnabled()
    dialog.address.setText(address.removeprefix("tcp://"))
    dialog.start_test()
    qtbot.waitUntil(dialog.add.isEnabled, timeout=20000)
    assert "Toy arm answers" in dialog.message
    facts = [dialog._facts.itemAt(index).widget().text() for index in range(dialog._facts.count())]
    assert any("round trip" in text and "answers a second" in text for text in facts)
    assert any("dy: 1 is 0.2 m/s, limit 50 %" in text for text in facts)
    asked: list[str] = []
    dialog.use_requested.connect(asked.append)
    dialog.use.click()
    assert asked == [address]
    assert [robot.task for robot in RobotStore(dialog._store._path).robots] == ["toy"]
    dialog._list.setCurrentRow(0)
    dialog._forget.click()
    assert store.robots == ()


def test_a_bad_address_is_reported(qtbot: QtBot, dialog: RobotsDialog) -> None:
    dialog.address.setText("http://somewhere")
    dialog.start_test()
    assert "not an address of a robot" in dialog.message
    dialog.address.setText("192.0.2.7:5870")
    dialog.start_test()
    qtbot.waitUntil(lambda: "public key" in dialog.message, timeout=20000)
    dialog.key.setText("nonsense")
    dialog.start_test()
    qtbot.waitUntil(lambda: "not a public key" in dialog.message, timeout=20000)
    assert not dialog.add.isEnabled()


def test_a_test_that_fails_by_a_fault_of_the_program_is_reported(
    qtbot: QtBot, dialog: RobotsDialog, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mile_desktop.ui.robots.probe.probe", lambda *_: {}["no such thing"])
    dialog.address.setText(address)
    dialog.start_test()
    qtbot.waitUntil(lambda: "The test ended by an error (KeyError: 'no such thing')" in dialog.message, timeout=5000)


def test_escape_is_passed_on_and_does_not_close_the_dialog(dialog: RobotsDialog, qtbot: QtBot) -> None:
    dialog.show()
    with qtbot.waitSignal(dialog.escape_pressed):
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.isVisible()
