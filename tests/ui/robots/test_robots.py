"""Adding, testing and arming robots, without a worker."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QMainWindow
from pytestqt.qtbot import QtBot

from mile_desktop.rollout import messages as m
from mile_desktop.ui.robots import status_text
from mile_desktop.ui.robots.dialog import RobotsDialog
from mile_desktop.ui.robots.robot_bar import RobotBar
from mile_desktop.ui.robots.robot_store import FILE_NAME, RememberedRobot, RobotStore
from mile_desktop.ui.shell.shortcuts import Shortcuts
from tests.robots.served import served

STATUS = m.RobotStatus(
    name="Toy arm",
    address="tcp://127.0.0.1:5870",
    up=True,
    error_presenter="",
    mode="disarmed",
    armed=False,
    may_drive=True,
    driver="me",
    obstacle="The robot is not armed; arm it first.",
    round_trip_ms=0.8,
    clock_offset_ms=0.1,
    clock_error_ms=0.4,
    speed=0.0,
    refused=0,
    lost=0,
)
ROBOT = RememberedRobot(name="Toy arm", address="tcp://127.0.0.1:5870", task="toy")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as (server, _):
        yield f"tcp://127.0.0.1:{server.port}"


@pytest.fixture
def store(tmp_path: Path) -> RobotStore:
    return RobotStore(tmp_path / FILE_NAME)


@pytest.fixture
def dialog(qtbot: QtBot, store: RobotStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RobotsDialog]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    opened = RobotsDialog(store)
    qtbot.addWidget(opened)
    opened.open_for_new()
    yield opened
    opened.probe.close()


def shown(status: m.RobotStatus = STATUS, **changes: object) -> m.RobotStatus:
    return msgspec.structs.replace(status, **changes)


def test_a_robot_is_tested_remembered_and_driven(
    qtbot: QtBot, dialog: RobotsDialog, store: RobotStore, address: str
) -> None:
    assert not dialog.add.isEnabled()
    assert not dialog.use.isEnabled()
    dialog.address.setText(address.removeprefix("tcp://"))
    dialog.start_test()
    qtbot.waitUntil(dialog.add.isEnabled, timeout=20000)
    assert "Toy arm answers" in dialog.said
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


def test_what_is_wrong_with_an_address_is_said(qtbot: QtBot, dialog: RobotsDialog) -> None:
    dialog.address.setText("http://somewhere")
    dialog.start_test()
    assert "not an address of a robot" in dialog.said
    dialog.address.setText("192.0.2.7:5870")
    dialog.start_test()
    qtbot.waitUntil(lambda: "public key" in dialog.said, timeout=20000)
    dialog.key.setText("nonsense")
    dialog.start_test()
    qtbot.waitUntil(lambda: "not a public key" in dialog.said, timeout=20000)
    assert not dialog.add.isEnabled()


def test_remembered_robots_survive_damage(tmp_path: Path) -> None:
    store = RobotStore(tmp_path / FILE_NAME)
    store.remember(ROBOT)
    store.remember(msgspec.structs.replace(ROBOT, name="Renamed"))
    assert [robot.name for robot in RobotStore(tmp_path / FILE_NAME).robots] == ["Renamed"]
    (tmp_path / FILE_NAME).write_text("{")
    damaged = RobotStore(tmp_path / FILE_NAME)
    assert damaged.robots == ()
    assert "kept as robots.json.damaged" in damaged.problem


def test_the_bar_arms_disarms_and_asks(qtbot: QtBot) -> None:
    bar = RobotBar()
    qtbot.addWidget(bar)
    said: list[object] = []
    bar.commanded.connect(said.append)
    bar.arm()
    bar.disarm()
    assert said == []
    bar.show_status(STATUS)
    assert bar.arm_button.isEnabled()
    bar.arm_button.click()
    bar.show_status(shown(armed=True, mode="holding"))
    assert bar.arm_button.isHidden()
    bar.disarm_button.click()
    assert said == [m.ArmRobot(), m.DisarmRobot()]
    bar.show_status(shown(up=False, error_presenter="The link is lost."))
    assert "The link is lost." in bar._link.text()
    assert not bar.arm_button.isEnabled()
    bar.show_status(shown(may_drive=False, driver="Ann"))
    assert "Ann drives" in bar._link.text()
    bar.forget()
    assert bar.isHidden()


def test_an_episode_begins_when_everything_on_the_list_is_ticked(qtbot: QtBot) -> None:
    bar = RobotBar()
    qtbot.addWidget(bar)
    said: list[object] = []
    bar.commanded.connect(said.append)
    bar.show_status(shown(armed=True, mode="holding", checklist=("Nobody is near.", "The peg is back.")))
    begin = bar.prompt._begin
    assert not begin.isEnabled()
    bar.prompt.boxes[0].click()
    assert not begin.isEnabled()
    bar.prompt.boxes[1].click()
    begin.click()
    bar.prompt._end.click()
    ticked = [each.points for each in said if isinstance(each, m.TickChecklist)]
    assert ticked[-1] == ("Nobody is near.", "The peg is back.")
    assert [each for each in said if not isinstance(each, m.TickChecklist)] == [
        m.ConfirmReset(),
        m.ConfirmReset(ready=False),
    ]
    bar.show_status(shown(armed=True, mode="active"))
    assert bar.prompt.isHidden()


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "Disarmed"),
        ({"mode": "holding"}, "Armed, holding"),
        ({"mode": "active"}, "Moving"),
        ({"mode": "stopped"}, "Stopped"),
        ({"up": False}, "Link lost"),
        ({"may_drive": False}, "Watching"),
        ({"mode": ""}, "Connecting"),
    ],
)
def test_every_state_has_its_word(changes: dict[str, object], word: str) -> None:
    assert status_text.look(shown(**changes)).word == word


def test_disarming_is_one_key_that_counts_in_dialogs_too(qtbot: QtBot) -> None:
    window, dialog = QMainWindow(), QDialog()
    for widget in (window, dialog):
        qtbot.addWidget(widget)
    pressed: list[bool] = []
    keys = Shortcuts(window, {"disarm": lambda: pressed.append(True)})
    window.show()
    dialog.show()
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    qtbot.keyClick(dialog, Qt.Key.Key_F9)
    assert pressed == [True]
    assert "F9" in {key for entry in keys.listed for key in entry.keys}


def test_escape_is_left_to_whoever_can_stop_the_robot(dialog: RobotsDialog, qtbot: QtBot) -> None:
    dialog.show()
    with qtbot.waitSignal(dialog.escape_pressed):
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.isVisible()


def test_slow_starts_and_losses_are_told() -> None:
    assert "slow start, 40 % speed" in status_text.link_text(shown(mode="active", speed=0.4))
    assert "lost 2 times" in status_text.link_text(shown(lost=2))
    assert status_text.milliseconds(float("inf")) == "unknown"
