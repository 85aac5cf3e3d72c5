from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QLineEdit, QToolButton
from pytestqt.qtbot import QtBot

from mile_desktop.rollout.phases import Phase
from mile_desktop.scenes.catalogue import BrokenScene, scenes
from mile_desktop.ui.shell.header import Header
from tests.ui.window_examples import ENTRIES, status_with


@pytest.fixture
def header(themed: QApplication, qtbot: QtBot) -> Header:
    header = Header()
    qtbot.addWidget(header)
    header.set_scenes(scenes(), "peg-insertion")
    header.set_policies(ENTRIES, "p3", "p2")
    header.set_rate_asked(20.0)
    header.resize(1440, 48)
    header.show()
    return header


def buttons(header: Header) -> list[str]:
    return [button.text() for button in header.findChildren(QToolButton) if button.text()]


def action(header: Header, text: str) -> QAction:
    return next(action for button in header.findChildren(QToolButton) if button.menu()
                for action in button.menu().actions() if action.text() == text)  # fmt: skip


def test_the_line_says_what_runs(header: Header) -> None:
    header.show_status(status_with(rate_hz=19.96))
    assert buttons(header) == ["Peg insertion", "v3 · MILE · 78 % [65–87]", "Xbox pad · hold RB", "20.0 Hz"]


def test_a_policy_is_one_click_and_so_is_the_way_back(header: Header, qtbot: QtBot) -> None:
    with qtbot.waitSignal(header.policy_chosen) as chosen:
        action(header, "v0 · BC").trigger()
    assert chosen.args == ["p0"]
    with qtbot.waitSignal(header.policy_chosen) as back:
        action(header, "Back to v2 · MILE · 62 % [48–74]").trigger()
    assert back.args == ["p2"]


def test_all_policies_are_on_their_page(header: Header, qtbot: QtBot) -> None:
    with qtbot.waitSignal(header.policies_asked), qtbot.assertNotEmitted(header.policy_chosen):
        action(header, "All policies …").trigger()


def test_the_driving_policy_is_ticked_and_there_is_no_way_back_to_itself(header: Header) -> None:
    header.set_policies(ENTRIES, "p2", "p2")
    assert action(header, "v2 · MILE · 62 % [48–74]").isChecked()
    assert not action(header, "v3 · MILE · 78 % [65–87]").isChecked()
    with pytest.raises(StopIteration):
        action(header, "Back to v2 · MILE · 62 % [48–74]")


def test_a_scene_is_asked_for_by_name(header: Header, qtbot: QtBot) -> None:
    with qtbot.waitSignal(header.scene_chosen) as signal:
        action(header, "Peg insertion").trigger()
    assert signal.args == ["peg-insertion"]


def test_without_a_pad_the_keyboard_is_named(header: Header) -> None:
    header.show_status(status_with(device="", device_connected=False, operator="keyboard"))
    assert "Keyboard: hold Space" in buttons(header)


def test_a_lost_pad_is_named(header: Header) -> None:
    header.show_status(status_with(device="Xbox pad", device_connected=False))
    assert "Xbox pad · unplugged" in buttons(header)


@pytest.mark.parametrize(
    ("changes", "late"),
    [
        ({"rate_hz": 20.0, "lateness_p99_ms": 24.9}, False),
        ({"rate_hz": 20.0, "lateness_p99_ms": 25.1}, True),
        ({"rate_hz": 18.9}, True),
        ({"rate_hz": 18.9, "phase": Phase.IDLE}, False),
        ({"rate_hz": 0.0, "phase": Phase.IDLE}, False),
    ],
)
def test_a_late_loop_turns_amber_and_says_how_late(header: Header, changes: dict[str, object], late: bool) -> None:
    header.show_status(status_with(overruns=12, lateness_max_ms=31.0, **changes))
    rate = next(button for button in header.findChildren(QToolButton) if button.text().endswith("Hz"))
    assert (rate.property("role") == "warning") is late
    assert ("runs late" in rate.toolTip()) is late
    assert "Overruns since the session was loaded: 12" in rate.toolTip()
    assert "at most 31.0 ms" in rate.toolTip()


def test_a_narrow_window_shortens_the_texts_and_a_wide_one_brings_them_back(header: Header) -> None:
    header.show_status(status_with(device="A pad with quite a long name"))
    header.resize(520, 48)
    assert "v3" in buttons(header)
    assert not [text for text in buttons(header) if "hold RB" in text]
    assert header.layout().minimumSize().width() <= 520
    header.resize(1440, 48)
    assert "v3 · MILE · 78 % [65–87]" in buttons(header)
    assert "A pad with quite a long name · hold RB" in buttons(header)


def test_a_click_on_the_device_asks_for_its_page(header: Header, qtbot: QtBot) -> None:
    header.show_status(status_with())
    device = next(button for button in header.findChildren(QToolButton) if "hold RB" in button.text())
    with qtbot.waitSignal(header.device_asked):
        qtbot.mouseClick(device, Qt.MouseButton.LeftButton)


def test_a_broken_scene_is_in_the_menu_with_what_is_wrong(header: Header, qtbot: QtBot) -> None:
    broken = BrokenScene("my-lever", Path("scenes/my_lever"), "scene.toml: found no title, expected one")
    header.set_scenes(scenes(), "peg-insertion", [broken])
    assert "found no title" in action(header, "my-lever").toolTip()
    with qtbot.waitSignal(header.scene_chosen) as chosen:
        action(header, "my-lever").trigger()
    assert chosen.args == ["my-lever"]


def test_who_operates_is_chosen_or_typed_in_the_menu(header: Header, qtbot: QtBot) -> None:
    menu = header.operator.menu()
    header.show_operator("Anna", ("Anna", "Ben"))
    assert header.operator.text() == "Anna"
    assert [each.text() for each in menu.actions() if each.isCheckable()] == ["No name", "Anna", "Ben"]
    assert [each.text() for each in menu.actions() if each.isChecked()] == ["Anna"]
    with qtbot.waitSignal(header.operator.name_chosen) as chosen:
        action(header, "Ben").trigger()
    assert chosen.args == ["Ben"]
    menu.popup(header.mapToGlobal(header.rect().center()))
    field = menu.findChild(QLineEdit)
    qtbot.keyClicks(field, "Clara")
    with qtbot.waitSignal(header.operator.name_chosen) as typed:
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert typed.args == ["Clara"]
    assert not menu.isVisible()
    header.resize(520, 48)
    assert header.operator.isHidden()
