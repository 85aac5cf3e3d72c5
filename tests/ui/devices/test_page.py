from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLabel, QLineEdit, QPushButton, QSlider, QToolButton
from pytestqt.qtbot import QtBot

from mile_desktop.operators.profile import PadProfile, decode_profile, load_profile, save_profile
from mile_desktop.operators.takeover import TakeoverMode
from mile_desktop.rollout.messages import IgnoredPad
from mile_desktop.ui.devices.bindings_grid import BindingsGrid
from mile_desktop.ui.devices.curve_preview import CurvePreview
from mile_desktop.ui.devices.live_pad_view import LivePadView
from mile_desktop.ui.devices.page import DevicesPage
from tests.ui.window_examples import GUID, pad

OTHER = "030000006d0400001dc2000014400000"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "pads"


@pytest.fixture
def page(themed: QApplication, folder: Path, qtbot: QtBot) -> DevicesPage:
    page = DevicesPage(folder)
    qtbot.addWidget(page)
    page.resize(1360, 820)
    page.show()
    return page


def row_button(page: DevicesPage, title: str) -> QPushButton:
    grid = page.findChild(BindingsGrid)
    label = next(label for label in grid.findChildren(QLabel) if label.text() == title)
    button = label.buddy()
    assert isinstance(button, QPushButton)
    return button


def button(page: DevicesPage, text: str) -> QPushButton:
    return next(each for each in page.findChildren(QPushButton) if each.text() == text)


def field(page: DevicesPage, title: str) -> QSlider:
    label = next(label for label in page.findChildren(QLabel) if label.text() == title and label.buddy() is not None)
    slider = label.buddy().findChild(QSlider)
    assert isinstance(slider, QSlider)
    return slider


def visible_texts(page: DevicesPage) -> set[str]:
    return {label.text() for label in page.findChildren(QLabel) if label.isVisible()}


def test_without_a_pad_the_keyboard_is_offered(page: DevicesPage) -> None:
    page.show_pad(pad(connected=False))
    assert "No gamepad" in visible_texts(page)
    assert "Connect a gamepad, or drive with the keyboard: hold Space + WASD/QE." in visible_texts(page)
    assert not button(page, "Test rumble").isVisible()


def test_a_device_is_left_out_and_taken_back(page: DevicesPage, folder: Path) -> None:
    sent: list[str] = []
    said: list[str] = []
    page.profile_changed.connect(sent.append)
    page.message.connect(lambda _, text: said.append(text))
    page.show_pad(pad())
    button(page, "Not this one").click()
    assert (decode_profile(sent[-1]).use, decode_profile(sent[-1]).guid) == ("no", GUID)
    assert load_profile(folder, GUID).use == "no"
    assert said == ["Xbox pad is not driven with any more. Devices lists it, to use it again."]
    page.show_pad(pad(connected=False, ignored=(IgnoredPad("Xbox pad", GUID), IgnoredPad("Mouse", OTHER))))
    assert not button(page, "Not this one").isVisible()
    assert "Not used:" in visible_texts(page)
    first = button(page, "Use Xbox pad")
    page.show_pad(pad(connected=False, ignored=(IgnoredPad("Xbox pad", GUID), IgnoredPad("Mouse", OTHER))))
    assert button(page, "Use Xbox pad") is first, "a button that is replaced could not be clicked"
    button(page, "Use Mouse").click()
    assert (load_profile(folder, OTHER).use, load_profile(folder, OTHER).name) == ("yes", "Mouse")
    first.click()
    assert decode_profile(sent[-1]).use == "yes"
    page.show_pad(pad())
    assert page.profile.use == "yes"
    assert "Not used:" not in visible_texts(page)


def test_axes_and_buttons_are_shown_live(page: DevicesPage) -> None:
    live = page.findChild(LivePadView)
    page.show_pad(pad())
    before = live.grab().toImage()
    page.show_pad(pad("leftx", axes=(0.8, *(0.0,) * 5), buttons=(False, True, *(False,) * 9)))
    assert live.pressed == (1,)
    assert live.grab().toImage() != before
    assert "left stick ←→" in visible_texts(page)
    page.show_pad(pad())
    assert live.grab().toImage() == before
    assert "at rest" in visible_texts(page)


def test_a_pad_with_fewer_axes_is_shown(page: DevicesPage) -> None:
    page.show_pad(pad())
    page.show_pad(pad(guid=OTHER, axes=(0.1,), buttons=()))
    assert page.findChild(LivePadView).grab().toImage().isNull() is False


def test_press_to_bind(page: DevicesPage, qtbot: QtBot) -> None:
    page.show_pad(pad())
    qtbot.mouseClick(row_button(page, "Take over"), Qt.MouseButton.LeftButton)
    assert row_button(page, "Take over").text() == "press now …"
    with qtbot.waitSignal(page.profile_changed) as signal:
        page.show_pad(pad("paddle1"))
    assert decode_profile(signal.args[0]).buttons.takeover == "paddle1"
    assert row_button(page, "Take over").text() == "paddle1"


def test_a_control_that_was_held_before_is_not_bound(page: DevicesPage, qtbot: QtBot) -> None:
    page.show_pad(pad("b"))
    qtbot.mouseClick(row_button(page, "Take over"), Qt.MouseButton.LeftButton)
    page.show_pad(pad("b"))
    assert page.profile.buttons.takeover == "rightshoulder"
    page.show_pad(pad("b", "y"))
    assert page.profile.buttons.takeover == "y"
    qtbot.mouseClick(row_button(page, "Take over"), Qt.MouseButton.LeftButton)
    page.show_pad(pad())
    page.show_pad(pad("y"))
    assert page.profile.buttons.takeover == "y"


def test_an_axis_that_rests_at_its_end_is_bound_as_a_trigger(page: DevicesPage, qtbot: QtBot) -> None:
    page.show_pad(pad("axis2"))
    qtbot.mouseClick(row_button(page, "Close the gripper"), Qt.MouseButton.LeftButton)
    for active in (("axis2",), (), ("axis2",)):
        page.show_pad(pad(*active))
    assert page.profile.gripper.positive == "trigger2"


def test_a_control_taken_from_another_slot_is_reported(page: DevicesPage, qtbot: QtBot) -> None:
    page.show_pad(pad())
    messages: list[tuple[str, str]] = []
    page.message.connect(lambda level, text: messages.append((level, text)))
    qtbot.mouseClick(row_button(page, "Take over"), Qt.MouseButton.LeftButton)
    page.show_pad(pad("a"))
    assert messages[-1] == ("info", "“Mark success” had this control and is unbound now.")
    assert row_button(page, "Mark success").text() == "not bound"


def test_escape_cancels_listening_and_changes_nothing(page: DevicesPage, qtbot: QtBot) -> None:
    page.show_pad(pad())
    chooser = row_button(page, "Stop")
    qtbot.mouseClick(chooser, Qt.MouseButton.LeftButton)
    qtbot.keyClick(chooser, Qt.Key.Key_Escape)
    assert chooser.text() == "Back"
    page.show_pad(pad("guide"))
    assert page.profile == PadProfile(guid=GUID, name="Xbox pad")


def test_unbinding_is_one_click_and_can_be_undone(page: DevicesPage, qtbot: QtBot) -> None:
    page.show_pad(pad())
    clear = next(each for each in page.findChildren(QToolButton) if each.toolTip() == "Unbind “Stop”")
    qtbot.mouseClick(clear, Qt.MouseButton.LeftButton)
    assert page.profile.buttons.stop == ""
    qtbot.mouseClick(button(page, "Undo"), Qt.MouseButton.LeftButton)
    assert page.profile.buttons.stop == "back"
    assert not button(page, "Undo").isEnabled()


def test_changes_of_the_response_apply_at_once_and_are_saved(page: DevicesPage, folder: Path, qtbot: QtBot) -> None:
    page.show_pad(pad())
    field(page, "Dead zone").setValue(25)
    field(page, "Up / down").setValue(50)
    next(box for box in page.findChildren(QCheckBox) if box.text() == "invert").click()
    mode = page.findChild(QComboBox)
    mode.setCurrentIndex(mode.findData(TakeoverMode.STICK))
    profile = page.profile
    assert (profile.dead_zone, profile.z.speed, profile.x.invert, profile.mode) == (
        0.25,
        0.5,
        False,
        TakeoverMode.STICK,
    )
    qtbot.waitUntil((folder / f"{GUID}.json").exists)
    qtbot.waitUntil(lambda: load_profile(folder, GUID) == profile)


def test_the_preview_shows_the_curve_and_the_stick(page: DevicesPage) -> None:
    page.show_pad(pad(axes=(0.0, -0.7, -1.0, 0.0, 0.0, -1.0)))
    preview = page.findChild(CurvePreview)
    field(page, "Dead zone").setValue(20)
    positions, commands = preview._curve.getData()
    assert all(command == 0 for position, command in zip(positions, commands, strict=True) if abs(position) <= 0.2)
    assert commands[-1] == pytest.approx(1.0)
    assert preview._dot.points()[0].pos().x() == pytest.approx(-0.7)


def test_reset_returns_to_the_defaults_and_can_be_undone(page: DevicesPage, qtbot: QtBot) -> None:
    page.show_pad(pad())
    field(page, "Curve").setValue(90)
    changed = page.profile
    qtbot.mouseClick(button(page, "Reset to defaults"), Qt.MouseButton.LeftButton)
    assert page.profile == PadProfile(guid=GUID, name="Xbox pad")
    qtbot.mouseClick(button(page, "Undo"), Qt.MouseButton.LeftButton)
    assert page.profile == changed


def test_dragging_a_slider_is_one_step_of_undo(page: DevicesPage, qtbot: QtBot) -> None:
    page.show_pad(pad())
    for value in range(40, 60):
        field(page, "Curve").setValue(value)
    field(page, "Dead zone").setValue(30)
    for dead_zone, expo in ((0.12, 0.59), (0.12, 0.35)):
        qtbot.mouseClick(button(page, "Undo"), Qt.MouseButton.LeftButton)
        assert (page.profile.dead_zone, page.profile.expo) == (dead_zone, expo)
    assert not button(page, "Undo").isEnabled()


def test_profiles_belong_to_their_pads(page: DevicesPage, folder: Path, qtbot: QtBot) -> None:
    save_profile(folder, PadProfile(guid=OTHER, name="Flight stick", dead_zone=0.3))
    page.show_pad(pad())
    field(page, "Dead zone").setValue(40)
    page.show_pad(pad(guid=OTHER))
    assert (page.profile.name, page.profile.dead_zone) == ("Flight stick", 0.3)
    assert load_profile(folder, GUID).dead_zone == 0.4
    page.show_pad(pad())
    assert page.profile.dead_zone == 0.4


def test_a_profile_can_be_named(page: DevicesPage, qtbot: QtBot) -> None:
    page.show_pad(pad())
    name = page.findChild(QLineEdit)
    name.setFocus()
    name.selectAll()
    qtbot.keyClicks(name, "For small hands")
    qtbot.keyClick(name, Qt.Key.Key_Return)
    assert page.profile.name == "For small hands"
    name.clear()
    qtbot.keyClick(name, Qt.Key.Key_Return)
    assert page.profile.name == name.text() == "For small hands"


def test_a_damaged_profile_is_reported_and_kept(page: DevicesPage, folder: Path, qtbot: QtBot) -> None:
    folder.mkdir()
    damaged = folder / f"{GUID}.json"
    damaged.write_text("{")
    with qtbot.waitSignal(page.message) as signal:
        page.show_pad(pad())
    assert signal.args[0] == "warning"
    assert signal.args[1].startswith("The default profile is used.")
    page.save()
    assert damaged.read_text() == "{"


def test_a_read_only_folder_is_reported(themed: QApplication, tmp_path: Path, qtbot: QtBot) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    page = DevicesPage(blocker / "pads")
    qtbot.addWidget(page)
    messages: list[str] = []
    page.message.connect(lambda _, text: messages.append(text))
    page.show_pad(pad())
    field(page, "Curve").setValue(10)
    page.save()
    assert "kept only until you close" in messages[-1]
    assert page.profile.expo == 0.1


def test_pad_states_are_requested_only_while_the_page_is_open(page: DevicesPage, qtbot: QtBot) -> None:
    with qtbot.waitSignal(page.watch_requested) as hidden:
        page.hide()
    assert hidden.args == [False]
    with qtbot.waitSignal(page.watch_requested) as shown:
        page.show()
    assert shown.args == [True]


def test_unplugging_the_pad_ends_listening(page: DevicesPage, qtbot: QtBot) -> None:
    page.show_pad(pad())
    qtbot.mouseClick(row_button(page, "Stop"), Qt.MouseButton.LeftButton)
    page.show_pad(pad(connected=False))
    assert page.findChild(BindingsGrid).listening is None
    assert "No gamepad" in visible_texts(page)


def test_a_pad_that_sdl_knows_shows_names_and_another_one_numbers(page: DevicesPage) -> None:
    live = page.findChild(LivePadView)
    page.show_pad(pad(axis_names=("leftx", ""), button_names=("a", "leftshoulder", "dpup", "leftstick")))
    assert [live.axis_text(index) for index in range(3)] == ["left stick ←→", "axis 1", "axis 2"]
    assert [live.button_text(index) for index in range(5)] == ["A", "LB", "↑", "LS", "4"]
    page.show_pad(pad(guid=OTHER))
    assert (live.axis_text(0), live.button_text(0)) == ("axis 0", "0")
