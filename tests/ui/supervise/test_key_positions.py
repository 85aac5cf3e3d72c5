"""Driving keys lie in the same place on every keyboard, have one meaning there, and never stay pressed."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from mile_desktop.rollout.messages import WindowInput
from mile_desktop.ui.shell.shortcuts import BINDINGS, Scope
from mile_desktop.ui.supervise.keyboard_controller import KeyboardController
from mile_desktop.ui.supervise.model import Key
from mile_desktop.ui.viewport.orbit import Orbit

PLACES = "1234 qwer asdf h".replace(" ", "")
SCAN = dict(zip(PLACES, (10, 11, 12, 13, 24, 25, 26, 27, 38, 39, 40, 41, 43), strict=True))
"""Place, named by what a US keyboard prints there → X11's number of the key."""
LAYOUTS = {
    "US": "1234qwerasdfh",
    "AZERTY": "&é\"'azerqsdfh",
    "German": "1234qwerasdfh",
    "Dvorak": "1234',.paoeud",
    "Russian": "1234йцукфывар",
    "Greek": "1234;ςερασδφη",
}
"""What each layout prints in the places of ``PLACES``."""
DRIVES = {"w": Key.AWAY, "s": Key.NEAR, "a": Key.LEFT, "d": Key.RIGHT, "e": Key.UP, "q": Key.DOWN, "r": Key.REWIND}
NONE = Qt.KeyboardModifier.NoModifier


def event(kind: QEvent.Type, symbol: str, scan: int, modifiers: Qt.KeyboardModifier = NONE) -> QKeyEvent:
    return QKeyEvent(kind, ord(symbol.upper()[0]), modifiers, scan, 0, 0, symbol)


class TypingWindow(QWidget):
    """A page that is driven by keys, with a text field."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.view = QLineEdit(), QWidget()
        self.view.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        column = QVBoxLayout(self)
        column.addWidget(self.text)
        column.addWidget(self.view)
        self.keyboard = KeyboardController(self, Orbit, self.view)
        self.sent: list[WindowInput] = []
        self.did: list[str] = []
        self.keyboard.input_changed.connect(self.sent.append)
        self.keyboard.hold.connect(lambda: self.did.append("hold"))
        self.keyboard.camera.connect(lambda number: self.did.append(f"camera {number}"))

    def press(self, symbol: str, scan: int, modifiers: Qt.KeyboardModifier = NONE) -> bool:
        """Send a press as Qt does, first to a widget that wants it before shortcuts; return whether one was claimed."""
        override = event(QEvent.Type.ShortcutOverride, symbol, scan, modifiers)
        override.ignore()
        QApplication.sendEvent(QApplication.focusWidget() or self, override)
        QApplication.sendEvent(self.windowHandle(), event(QEvent.Type.KeyPress, symbol, scan, modifiers))
        return override.isAccepted()

    def release(self, symbol: str, scan: int, modifiers: Qt.KeyboardModifier = NONE) -> None:
        QApplication.sendEvent(self.windowHandle(), event(QEvent.Type.KeyRelease, symbol, scan, modifiers))

    @property
    def down(self) -> set[Key]:
        return set(self.keyboard._keys.down)


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[TypingWindow]:
    window = TypingWindow()
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.keyboard.attach()
    window.view.setFocus()
    yield window
    window.keyboard.detach()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("place", DRIVES)
def test_each_place_drives_the_same_with_every_layout(window: TypingWindow, layout: str, place: str) -> None:
    printed = LAYOUTS[layout][PLACES.index(place)]
    claimed = window.press(printed, SCAN[place])
    assert window.down == {DRIVES[place]}
    assert claimed == (printed != place), "a shortcut of the letter that is printed there must not take the key"
    window.release(printed, SCAN[place])
    assert window.down == set()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_letter_that_is_printed_elsewhere_has_no_second_meaning(window: TypingWindow, layout: str) -> None:
    elsewhere = 61  # a key with no meaning of its own
    for letter in "wasdqer":
        window.press(letter, elsewhere)
        assert window.down == set()
        window.release(letter, elsewhere)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_hold_and_the_cameras_are_in_the_same_place_too(window: TypingWindow, layout: str) -> None:
    for place in "h1234":
        window.press(LAYOUTS[layout][PLACES.index(place)], SCAN[place])
    assert window.did == ["hold", "camera 0", "camera 1", "camera 2", "camera 3"]


CHANGES = {
    "the layout is switched": ("w", "ц", SCAN["w"], NONE),
    "AltGr goes down": ("e", "€", SCAN["e"], Qt.KeyboardModifier.GroupSwitchModifier),
    "Shift goes down": ("a", "A", SCAN["a"], Qt.KeyboardModifier.ShiftModifier),
    "Ctrl goes down": ("s", "s", SCAN["s"], Qt.KeyboardModifier.ControlModifier),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_key_comes_up_although_its_symbol_changed_while_it_was_held(window: TypingWindow, change: str) -> None:
    before, after, scan, modifiers = CHANGES[change]
    window.press(before, scan)
    assert len(window.down) == 1
    window.release(after, scan, modifiers)
    assert window.down == set()
    assert window.sent[-1].action[:3] == (0.0, 0.0, 0.0)


def test_events_without_a_scan_code_go_by_their_symbol(window: TypingWindow) -> None:
    window.press("w", 0)
    assert window.down == {Key.AWAY}
    window.release("w", 0)
    assert window.down == set()


def test_altgr_and_a_letter_type_a_sign_and_drive_nothing(window: TypingWindow) -> None:
    window.press("@", SCAN["q"], Qt.KeyboardModifier.GroupSwitchModifier)
    assert window.down == set()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_text_field_keeps_every_key(window: TypingWindow, layout: str) -> None:
    window.text.setFocus()
    window.sent.clear()
    for place in DRIVES:
        window.press(LAYOUTS[layout][PLACES.index(place)], SCAN[place])
    assert window.sent == []
    assert len(window.text.text()) == len(DRIVES)


def test_another_program_in_front_releases_all_keys(window: TypingWindow) -> None:
    window.press(" ", 65)
    window.press("w", SCAN["w"])
    assert window.sent[-1].takeover
    QGuiApplication.instance().applicationStateChanged.emit(Qt.ApplicationState.ApplicationInactive)
    assert window.down == set()
    assert not window.sent[-1].takeover


def test_auto_repeat_with_a_changed_symbol_neither_presses_nor_releases(window: TypingWindow) -> None:
    window.press("w", SCAN["w"])
    count = len(window.sent)
    for kind in (QEvent.Type.KeyRelease, QEvent.Type.KeyPress):
        repeated = QKeyEvent(kind, ord("Ц"), NONE, SCAN["w"], 0, 0, "ц", True)
        QApplication.sendEvent(window.windowHandle(), repeated)
    assert window.down == {Key.AWAY}
    assert len(window.sent) == count


def test_no_key_has_two_meanings_on_a_page() -> None:
    for page in (Scope.SUPERVISE, Scope.INSPECT, Scope.POLICIES):
        here = [each for each in BINDINGS if each.scope in {page, Scope.WINDOW, Scope.ALWAYS}]
        used: dict[str, str] = {}
        for each in here:
            for key in each.keys:
                for part in key.split("/") if each.held and "+" not in key else (key,):
                    assert part not in used, f"{part} means {used.get(part)} and {each.action} on {page}"
                    used[part] = each.action
