import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from mile_desktop.ui.shell.error_log import UncaughtError
from mile_desktop.ui.shell.main_window import MainWindow
from mile_desktop.ui.shell.message_line import MessageAction
from mile_desktop.ui.shell.preferences import PreferenceStore
from mile_desktop.ui.shell.shortcut_overlay import ShortcutOverlay
from mile_desktop.ui.shell.sidebar import Sidebar
from mile_desktop.ui.theme import theme


def compose(store: PreferenceStore, qtbot: QtBot) -> MainWindow:
    window = MainWindow(store)
    qtbot.addWidget(window)
    for page in ("settings", "supervise", "devices"):
        window.add_page(page, QWidget())
    window.set_panel(QLabel("what there is to learn from"))
    window.restore()
    window.show()
    return window


@pytest.fixture
def window(store: PreferenceStore, qtbot: QtBot) -> MainWindow:
    return compose(store, qtbot)


def test_the_first_window_has_its_size_and_page(window: MainWindow) -> None:
    screen = window.screen().availableGeometry()
    assert (window.width(), window.height()) == (min(1440, screen.width()), min(900, screen.height()))
    assert window.page == "supervise"
    assert window.panel.isVisible()


@pytest.mark.parametrize("size", [(1100, 700), (960, 500)])
def test_it_can_be_small(window: MainWindow, size: tuple[int, int]) -> None:
    window.header.set_policies((), "")
    window.resize(*size)
    assert (window.width(), window.height()) == size


def test_the_rail_has_the_pages_in_their_order(window: MainWindow) -> None:
    assert window.findChild(Sidebar).pages == ("supervise", "devices", "settings")


def test_pages_are_reached_by_rail_and_keys(window: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.page_changed) as signal:
        window.sidebar.chosen.emit("devices")
    assert signal.args == ["devices"]
    qtbot.keyClick(window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    assert window.page == "settings"
    with pytest.raises(KeyError):
        window.show_page("evaluate")


def test_a_page_nobody_made_is_refused(window: MainWindow) -> None:
    with pytest.raises(KeyError, match="no page 'kitchen'"):
        window.add_page("kitchen", QWidget())


def test_place_page_and_panel_come_back(store: PreferenceStore, qtbot: QtBot) -> None:
    first = compose(store, qtbot)
    first.resize(1200, 720)
    first.show_page("devices")
    first.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, first.panel)
    first.close()
    second = compose(PreferenceStore(store.path), qtbot)
    assert (second.width(), second.height()) == (1200, 720)
    assert second.page == "devices"
    second.show_page("supervise")
    assert second.panel.isVisible()
    assert second.dockWidgetArea(second.panel) is Qt.DockWidgetArea.LeftDockWidgetArea


def test_damaged_places_do_not_block_the_start(store: PreferenceStore, qtbot: QtBot) -> None:
    store.change(geometry="%%%", window_state="AAAA", page="evaluate")
    assert compose(store, qtbot).page == "settings"


def test_the_panel_belongs_to_its_page(window: MainWindow) -> None:
    window.show_page("devices")
    assert not window.panel.isVisible()
    window.show_page("supervise")
    assert window.panel.isVisible()


def test_a_hidden_panel_stays_hidden_until_asked_for(window: MainWindow, store: PreferenceStore, qtbot: QtBot) -> None:
    window.panel.close()
    window.show_page("devices")
    window.show_page("supervise")
    assert not window.panel.isVisible()
    assert not store.value.panel_visible
    window.show_page("devices")
    qtbot.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert window.page == "supervise"
    assert window.panel.isVisible()
    window.toggle_panel()
    assert not window.panel.isVisible()


def test_closing_saves_and_tells(window: MainWindow, store: PreferenceStore, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.closing):
        window.close()
    assert PreferenceStore(store.path).value.geometry == store.value.geometry != ""


def test_closing_can_be_refused(window: MainWindow, qtbot: QtBot) -> None:
    answers = [False, True]
    window.ask_before_closing(lambda: answers.pop(0))
    with qtbot.assertNotEmitted(window.closing):
        window.close()
    assert window.isVisible()
    window.close()
    assert not window.isVisible()


def test_damaged_preferences_are_said_in_the_message_line(themed: QApplication, tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "preferences.json"
    path.write_text("{")
    window = compose(PreferenceStore(path), qtbot)
    assert window.messages.shown.level == "warning"
    assert "damaged" in window.messages.shown.text


def test_an_uncaught_error_is_one_sentence(window: MainWindow) -> None:
    window.show_uncaught(UncaughtError("Something went wrong.", "Traceback …"))
    assert (window.messages.shown.level, window.messages.shown.text) == ("error", "Something went wrong.")
    assert window.isVisible()


def test_the_question_mark_lists_the_keys_that_work(window: MainWindow, qtbot: QtBot) -> None:
    window.install_actions({"stop": window.close_shortcuts})
    overlay = window.findChild(ShortcutOverlay)
    qtbot.keyClick(window, Qt.Key.Key_Question)
    assert overlay.isVisible()
    listed = {label.text() for label in overlay.findChildren(QLabel)}
    assert {"Take over", "hold Space", "hold RB", "Emergency stop, until reset", "Esc", "Ctrl + 1"} <= listed
    assert "Mark success" not in listed
    window.resize(1200, 760)
    assert overlay.size() == window.size()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not overlay.isVisible()


def test_keys_of_the_table_act_on_supervise_only(window: MainWindow, qtbot: QtBot) -> None:
    marked: list[str] = []
    window.install_actions({"success": lambda: marked.append("success")})
    qtbot.keyClick(window, Qt.Key.Key_Return)
    window.show_page("devices")
    qtbot.keyClick(window, Qt.Key.Key_Return)
    assert marked == ["success"]


def test_the_page_has_the_keyboard_not_a_menu(window: MainWindow) -> None:
    window.activateWindow()
    window.show_page("devices")
    assert not isinstance(QApplication.focusWidget(), QLineEdit)
    assert window.focusWidget() is not None
    assert not window.header.isAncestorOf(window.focusWidget())


def test_theme_and_scale_change_while_it_is_open(window: MainWindow, themed: QApplication) -> None:
    before = window.grab().toImage().pixelColor(4, 4)
    theme.apply(themed, "light", 1.25)
    assert window.grab().toImage().pixelColor(4, 4) == theme.token("panel") != before
    assert window.header.height() == 60


def test_a_chosen_theme_applies_at_once(window: MainWindow, store: PreferenceStore, qtbot: QtBot) -> None:
    with qtbot.waitSignal(theme.signals().changed):
        store.change(theme="light", ui_scale=1.5)
    assert theme.tone() == "light"
    assert window.header.height() == 72
    with qtbot.assertNotEmitted(theme.signals().changed):
        store.change(page="devices")


def test_the_window_needs_neither_torch_nor_simulator() -> None:
    heavy = "{'torch', 'pybullet', 'pygame', 'sklearn', 'scipy.stats', 'pyarrow.dataset'}"
    code = (
        "import sys, mile_desktop.ui.shell.main_window, mile_desktop.ui.clients.rollout_client, "
        "mile_desktop.ui.clients.viewer_client, "
        "mile_desktop.ui.devices.page, mile_desktop.ui.settings.page, "
        "mile_desktop.ui.policies.controller, mile_desktop.ui.evaluate.controller, mile_desktop.ui.learn.controller;"
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_window_larger_than_the_screen_is_made_to_fit_with_its_frame(window: MainWindow, qtbot: QtBot) -> None:
    room = window.screen().availableGeometry()
    window.resize(room.width() + 50, room.height())
    window.move(room.left() - 30, room.top() + 200)
    window._fit_into_screen()
    assert room.contains(window.frameGeometry())
    assert window.messages.isVisible()


def test_a_key_undoes_on_every_page(window: MainWindow, qtbot: QtBot) -> None:
    ran: list[str] = []
    for page in window.pages:
        window.show_page(page)
        window.say("info", "The episode was discarded.", MessageAction("Undo", partial(ran.append, page)))
        assert window.toasts.shown
        qtbot.keyClick(window, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        assert not window.toasts.shown
    assert tuple(ran) == window.pages


def test_a_narrow_window_hides_the_panel_until_it_is_asked_for(window: MainWindow, store: PreferenceStore) -> None:
    window.resize(theme.px(840), 600)
    assert window.panel.isVisible()
    store.change(ui_scale=2.0)
    window.resize(1366, 700)
    assert not window.panel.isVisible()
    assert store.value.panel_visible, "a wider window shows it again"
    window.toggle_panel()
    assert window.panel.isVisible()
    window.toggle_panel()
    assert not window.panel.isVisible()
    assert not store.value.panel_visible
