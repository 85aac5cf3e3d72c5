import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QPushButton, QSpinBox
from pytestqt.qtbot import QtBot

from mile_desktop.rollout.messages import SetTimeLimit
from mile_desktop.ui.clients.rollout_client import RolloutClient
from mile_desktop.ui.composition import Composition
from mile_desktop.ui.settings.page import LimitedScene, SettingsPage
from mile_desktop.ui.shell.preferences import PreferenceStore
from tests.ui.supervise.examples import session


@pytest.fixture
def page(store: PreferenceStore, qtbot: QtBot) -> SettingsPage:
    page = SettingsPage(store)
    qtbot.addWidget(page)
    page.resize(1000, 700)
    page.show()
    return page


def combo(page: SettingsPage, text: str) -> QComboBox:
    return next(each for each in page.findChildren(QComboBox) if each.findText(text) >= 0)


def press(page: SettingsPage, text: str, qtbot: QtBot) -> None:
    button = next(each for each in page.findChildren(QPushButton) if each.text() == text)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_every_setting_applies_at_once(page: SettingsPage, store: PreferenceStore) -> None:
    for text, name, value in (("Light", "theme", "light"), ("150 %", "ui_scale", 1.5), ("30 Hz", "rate_hz", 30)):
        box = combo(page, text)
        box.setCurrentIndex(box.findText(text))
        assert getattr(store.value, name) == value
    page.findChild(QDoubleSpinBox).setValue(0.65)
    page.findChild(QSpinBox).setValue(7)
    assert (store.value.alert_threshold, store.value.alert_debounce_steps) == (0.65, 7)
    for box in page.findChildren(QCheckBox):
        box.click()
    value = store.value
    assert (value.alert_sound, value.alert_rumble, value.ask_me) == (False, False, True)
    assert not value.warn_on_close
    assert value.time_stops_while_driving


def test_a_change_from_elsewhere_is_shown_and_not_written_back(page: SettingsPage, store: PreferenceStore) -> None:
    changes: list[object] = []
    store.changed.connect(changes.append)
    store.change(alert_threshold=0.333)
    assert page.findChild(QDoubleSpinBox).value() == pytest.approx(0.33)
    assert store.value.alert_threshold == 0.333
    assert len(changes) == 1


def test_reset_can_be_undone(page: SettingsPage, store: PreferenceStore, qtbot: QtBot) -> None:
    store.remember_workspace("/work/a")
    store.change(theme="light", rate_hz=10)
    press(page, "Reset to defaults", qtbot)
    assert (store.value.theme, store.value.rate_hz, store.value.workspace) == ("dark", 20, "/work/a")
    press(page, "Undo reset", qtbot)
    assert (store.value.theme, store.value.rate_hz) == ("light", 10)
    assert not next(each for each in page.findChildren(QPushButton) if each.text() == "Undo reset").isVisible()


def test_a_recent_workspace_can_be_opened(page: SettingsPage, store: PreferenceStore, qtbot: QtBot) -> None:
    for folder in ("/work/a", "/work/b"):
        store.remember_workspace(folder)
    recent = combo(page, "choose …")
    assert [recent.itemText(index) for index in range(recent.count())] == ["choose …", "/work/a"]
    with qtbot.waitSignal(page.workspace_chosen) as signal:
        recent.activated.emit(1)
    assert signal.args == ["/work/a"]
    assert page.findChild(QLineEdit).text() == "/work/b"


def test_an_unlisted_scale_from_the_file_is_shown(store: PreferenceStore, qtbot: QtBot) -> None:
    store.change(ui_scale=1.4)
    page = SettingsPage(store)
    qtbot.addWidget(page)
    assert combo(page, "140 %").currentText() == "140 %"


def test_the_time_limit_is_chosen_for_each_scene(page: SettingsPage, store: PreferenceStore) -> None:
    field = combo(page, "2 min")
    assert not field.isEnabled(), "no scene is loaded"

    def pick(text: str) -> None:
        index = field.findText(text)
        field.setCurrentIndex(index)
        field.activated.emit(index)

    page.show_scene(LimitedScene("peg", "Peg", 10.0))
    assert field.currentText() == "As the scene says (10 s)"
    pick("2 min")
    page.show_scene(LimitedScene("door", "Door", 6.0))
    assert field.currentText() == "As the scene says (6 s)"
    pick("15 s")
    assert store.value.time_limits_s == {"peg": 120.0, "door": 15.0}
    store.change(alert_threshold=0.4)
    assert field.currentText() == "15 s"
    page.show_scene(LimitedScene("peg", "Peg", 10.0))
    assert field.currentText() == "2 min"
    pick("As the scene says (10 s)")
    assert store.value.time_limits_s == {"door": 15.0}
    store.change(time_limits_s={"peg": 7.5})
    assert field.currentText() == "7.5 s", "a value that was written into the file"


def test_the_worker_gets_the_limit_of_its_scene(still_window: Composition, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    worker, store = still_window.application.worker, still_window.application.preferences
    monkeypatch.setattr(RolloutClient, "send", lambda _, command: sent.append(command))
    store.change(time_limits_s={"peg-insertion": 30.0})
    assert sent == [], "there is no session yet"
    worker._session = session()
    worker.session_loaded.emit(worker._session)
    assert sent == [SetTimeLimit(30.0)]
    store.change(time_stops_while_driving=True)
    store.change(hand_speed=0.5, time_limits_s={"peg-insertion": 30.0, "button-press": 5.0})
    assert sent[1:] == [SetTimeLimit(30.0, stops_while_driving=True)]


def test_an_operator_is_typed_chosen_and_remembered(page: SettingsPage, store: PreferenceStore, qtbot: QtBot) -> None:
    box = next(each for each in page.findChildren(QComboBox) if each.accessibleName() == "Operator")
    box.setFocus()
    for name in ("Anna", "P07"):
        box.lineEdit().selectAll()
        qtbot.keyClicks(box, name)
        qtbot.keyClick(box, Qt.Key.Key_Return)
    assert (store.value.operator_name, store.value.operator_names) == ("P07", ("P07", "Anna"))
    assert [box.itemText(row) for row in range(box.count())] == ["", "P07", "Anna"]
    qtbot.keyClicks(box, "half of a na")
    store.change(alert_threshold=0.4)
    assert "half of a na" in box.currentText(), "what is typed stays when another preference changes"
    box.setCurrentIndex(2)
    box.activated.emit(2)
    assert (store.value.operator_name, store.value.operator_names) == ("Anna", ("Anna", "P07"))
    store.reset()
    assert store.value.operator_name == "Anna"
