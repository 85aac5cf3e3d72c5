"""The keyboard as an operator. Space is a dead-man's switch; when the window loses the focus, all keys are released."""

from collections.abc import Callable

import shiboken6
from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QWindow
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from mile_desktop.rollout.messages import SessionLoaded, StepTaken
from mile_desktop.ui.shell.shortcut_overlay import ShortcutOverlay
from mile_desktop.ui.supervise.key_positions import key_at_position, physical_key
from mile_desktop.ui.supervise.model import KEEP, Key, KeyState
from mile_desktop.ui.viewport.orbit import Orbit
from mile_desktop.ui.widgets.discrete_actions import drives_gripper
from mile_desktop.ui.widgets.override_guard import OverrideGuard

REPEAT_MS = 100
"""While a key is held, the state is sent this often. The worker treats 500 ms without a message as a lost device, so
four messages in a row may be lost or late."""

_HELD_KEYS: dict[int, Key] = {
    Qt.Key.Key_Space: Key.TAKEOVER,
    Qt.Key.Key_W: Key.AWAY,
    Qt.Key.Key_S: Key.NEAR,
    Qt.Key.Key_A: Key.LEFT,
    Qt.Key.Key_D: Key.RIGHT,
    Qt.Key.Key_Up: Key.AWAY,
    Qt.Key.Key_Down: Key.NEAR,
    Qt.Key.Key_Left: Key.LEFT,
    Qt.Key.Key_Right: Key.RIGHT,
    Qt.Key.Key_E: Key.UP,
    Qt.Key.Key_Q: Key.DOWN,
    Qt.Key.Key_R: Key.REWIND,
    Qt.Key.Key_Shift: Key.SLOW,
}
_PRESS_KEYS: dict[int, str] = {
    Qt.Key.Key_Return: "success",
    Qt.Key.Key_Enter: "success",
    Qt.Key.Key_Backspace: "failure",
    Qt.Key.Key_B: "partial",
    Qt.Key.Key_Delete: "discard",
    Qt.Key.Key_H: "hold",
    Qt.Key.Key_F: "gripper",
    Qt.Key.Key_1: "camera 0",
    Qt.Key.Key_2: "camera 1",
    Qt.Key.Key_3: "camera 2",
    Qt.Key.Key_4: "camera 3",
    Qt.Key.Key_5: "viewpoint 0",
    Qt.Key.Key_6: "viewpoint 1",
    Qt.Key.Key_7: "viewpoint 2",
    Qt.Key.Key_8: "viewpoint 3",
    Qt.Key.Key_9: "viewpoint 4",
}
_ARROWS = frozenset(int(key) for key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right))
_TEXT = (QLineEdit, QPlainTextEdit, QTextEdit)
_NUMBERS = (QAbstractSpinBox, QComboBox)
"""Fields that need digits and editing keys but no letters. Space stays the dead-man's switch while one of them has the
focus, for example after a click on its arrows."""
_EDITING = frozenset({int(key) for key in _PRESS_KEYS} - {int(Qt.Key.Key_H), int(Qt.Key.Key_F), int(Qt.Key.Key_B)})
_ENTER = frozenset({int(Qt.Key.Key_Return), int(Qt.Key.Key_Enter)})
_MODIFIERS = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
    | Qt.KeyboardModifier.GroupSwitchModifier  # AltGr
)
# After these events the window no longer gets key releases: a key that was down would count as held for ever.
_LOST = frozenset({QEvent.Type.FocusOut, QEvent.Type.Hide, QEvent.Type.Close, QEvent.Type.WindowDeactivate})


class KeyboardController(OverrideGuard, QObject):
    """Turns keys of ``page``'s window into ``WindowInput`` and requests, while ``page`` is shown.

    It filters the events of the top-level window, before any widget gets them: Space and the driving keys never press
    a button, whatever has the focus. Text fields keep their keys, except Esc. Enter presses the focused button while
    the robot rests. Arrows drive while ``view`` has the focus or Space is held. Everything runs on the window's thread.
    """

    input_changed = Signal(object)
    """Carries a ``WindowInput``: on every change, and every 100 ms while anything is pressed."""
    success = Signal()
    partial = Signal()
    failure = Signal()
    discard = Signal()
    hold = Signal()
    escape = Signal()
    """Esc: close what is on top, or stop, or both."""
    camera = Signal(int)
    """Number of the scene's camera, from 0."""
    viewpoint = Signal(int)
    """Number of the saved viewpoint, from 0."""

    def __init__(self, page: QWidget, orbit: Callable[[], Orbit], view: QWidget | None = None) -> None:
        super().__init__(page)
        self._page = page
        self._view = view
        self._orbit = orbit
        self._keys = KeyState()
        self._held: dict[int, Key] = {}
        """Physical keys that are down, and what each meant when it was pressed: its symbol may change meanwhile. Two
        may mean the same direction (W and ↑); it ends when both are up."""
        self._focused: QWidget | None = None
        """The widget with the focus, which is asked first whether a key is a shortcut."""
        self._has_gripper = self._follows_gripper = True
        self._window: QWindow | None = None
        self._busy = False
        self._timer = QTimer(self)
        self._timer.setInterval(REPEAT_MS)
        self._timer.timeout.connect(self._send)
        self._requests: dict[str, Callable[[], None]] = {
            "success": self.press_enter,
            "partial": self.partial.emit,
            "failure": self.failure.emit,
            "discard": self.discard.emit,
            "hold": self.hold.emit,
            "gripper": self._toggle_gripper,
        }

    def attach(self) -> None:
        """Listen to the window the page is in; called when the page is shown."""
        # The native window sees a key before any widget does. A filter on the widgets would come too late: a focused
        # button has taken Space by then.
        window = self._page.window().windowHandle()
        if window is self._window:
            return
        self.detach()
        self._window = window
        if window is not None:
            window.installEventFilter(self)
        self._listen_to(QApplication.focusWidget())
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._focus_changed)
            application.applicationStateChanged.connect(self._application_state_changed)

    def detach(self) -> None:
        """Release all keys and stop listening; called when the page is hidden."""
        if self._window is not None and not shiboken6.isValid(self._window):
            # Python ends while the window is shown: Qt hides the page after it has deleted the native window. An error
            # that is raised into Qt then ends the process with a segmentation fault.
            self._window = self._focused = None
            return
        self.release_all()
        self._listen_to(None)
        if self._window is None:
            return
        self._window.removeEventFilter(self)
        self._window = None
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.disconnect(self._focus_changed)
            application.applicationStateChanged.disconnect(self._application_state_changed)

    def set_busy(self, busy: bool) -> None:
        """Set whether an episode is open: Enter then marks success whichever widget has the focus."""
        self._busy = busy

    def start_session(self, session: SessionLoaded) -> None:
        """Note whether there is a gripper to drive: scenes with discrete actions have none."""
        # Keep nothing of the last session: its gripper command may be wrong for the new scene.
        self._has_gripper = drives_gripper(session.choices, session.entries)
        # only on an arm is the fourth entry the gripper's
        self._follows_gripper = self._has_gripper and not session.entries
        self._keys.gripper = KEEP

    def follow(self, taken: StepTaken) -> None:
        """Adopt the gripper command that is executed, so that a takeover does not change it."""
        if self._follows_gripper and len(taken.executed) > 3:
            self._keys.follow_gripper(taken.executed[3])

    def press_enter(self) -> None:
        """Mark success; while the robot rests, press the button that has the focus.

        Space never presses a button on this page, so a person without a mouse needs another key for it.
        """
        focused = QApplication.focusWidget()
        if not self._busy and isinstance(focused, QAbstractButton):
            focused.click()
        else:
            self.success.emit()

    def set_speed(self, speed: float) -> None:
        """Drive at this share of full speed, in (0, 1], from the next message on."""
        self._keys.speed = speed

    def release_all(self) -> None:
        """Release all keys at once."""
        self._timer.stop()
        self._held.clear()
        if self._keys.release_all():
            self._send()

    # ── events ───────────────────────────────────────────────────────────────────────────────────────────────────

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Consume the keys that drive; leave all others to the widgets."""
        kind = event.type()
        if kind is QEvent.Type.ShortcutOverride:
            return isinstance(event, QKeyEvent) and self._claims(event)
        if watched is not self._window:
            return False  # everything else is handled where the window gets it
        if kind in _LOST:
            self.release_all()
        elif kind is QEvent.Type.MouseButtonRelease:
            # The button under the mouse gets the event after this filter; the focus moves when it is done with it.
            QTimer.singleShot(0, self, self._return_focus)
        elif isinstance(event, QKeyEvent):
            return self._pressed(event) if kind is QEvent.Type.KeyPress else self._released(event)
        return False

    def _claims(self, event: QKeyEvent) -> bool:
        """Accept a key that drives, so that no shortcut of the same letter takes it.

        Qt tries shortcuts before the window gets the key. They go by letters, driving keys by their place: on a Dvorak
        keyboard the key in the place of R prints P, and it must rewind and not arrange the pictures.
        """
        key = key_at_position(event)
        if key == event.key() or event.modifiers() & _MODIFIERS or self._belongs_to_focus(key):
            return False
        if key not in _HELD_KEYS and key not in _PRESS_KEYS:
            return False
        event.accept()
        return True

    def _pressed(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Escape:
            return self._escape()
        key = key_at_position(event)
        if event.modifiers() & _MODIFIERS or self._belongs_to_focus(key):
            return False
        # An auto-repeat is consumed but changes nothing: the key is still down, and the widget must not get it either.
        if key in _HELD_KEYS:
            if not event.isAutoRepeat():
                self._held[physical_key(event)] = _HELD_KEYS[key]
                if self._keys.press(_HELD_KEYS[key]):
                    self._changed()
            return True
        if key in _PRESS_KEYS:
            if not event.isAutoRepeat():
                self._request(_PRESS_KEYS[key])
            return True
        return False

    def _released(self, event: QKeyEvent) -> bool:
        # By the key that was pressed, not by its symbol: that may be another one by now.
        physical = physical_key(event)
        driving = self._held.get(physical)
        if driving is None:
            return False
        if event.isAutoRepeat():
            return True
        del self._held[physical]
        if driving not in self._held.values() and self._keys.release(driving):  # else the other key is still down
            self._changed()
        return True

    def _belongs_to_focus(self, key: int) -> bool:
        """Whether the focused widget needs ``key`` itself. While the robot is busy, only text entry is respected."""
        focused = QApplication.focusWidget()
        if isinstance(focused, _TEXT) or (isinstance(focused, QComboBox) and focused.isEditable()):
            return True
        if QApplication.activePopupWidget() is not None and (key in _ARROWS or key in _ENTER):
            return True  # choosing in the menu; Space and the letters drive even now
        if key in _ARROWS and Key.TAKEOVER not in self._keys.down:
            # Arrows move through lists, sliders and rows of buttons. They drive from everywhere only while Space says
            # that the person is driving.
            return focused is not None and focused is not self._view
        return key in _EDITING and (isinstance(focused, _NUMBERS) or _is_in_list_of_keys(focused))

    def _return_focus(self) -> None:
        """Give the focus back to the view after a click on a button: the next Enter must not press it again."""
        focused = QApplication.focusWidget()
        if self._view is not None and self._view.isVisible() and isinstance(focused, QAbstractButton):
            self._view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _escape(self) -> bool:
        self.release_all()
        self.escape.emit()
        return True

    def _request(self, name: str) -> None:
        kind, _, number = name.partition(" ")
        if number:
            {"camera": self.camera, "viewpoint": self.viewpoint}[kind].emit(int(number))
        else:
            self._requests[name]()

    def _toggle_gripper(self) -> None:
        if not self._has_gripper:
            return
        self._keys.toggle_gripper()
        self._send()

    def _listen_to(self, widget: QWidget | None) -> None:
        """Be asked before ``widget`` which of its keys are shortcuts; stop asking the one before."""
        if self._focused is not None and shiboken6.isValid(self._focused):
            self._focused.removeEventFilter(self)
        self._focused = widget
        if widget is not None:
            widget.installEventFilter(self)

    def _application_state_changed(self, state: Qt.ApplicationState) -> None:
        # Another program has the keyboard now, on some desktops without a word to the window.
        if state is not Qt.ApplicationState.ApplicationActive:
            self.release_all()

    def _focus_changed(self, before: QWidget | None, now: QWidget | None) -> None:  # noqa: ARG002 – Qt's signature
        self._listen_to(now)
        # The text field gets the key releases from now on, so a held key would never come up here.
        if isinstance(now, _TEXT):
            self.release_all()

    def _changed(self) -> None:
        # The timer repeats the state only while a key is down; an idle keyboard sends nothing.
        if self._keys.down:
            self._timer.start()
        else:
            self._timer.stop()
        self._send()

    def _send(self) -> None:
        self.input_changed.emit(self._keys.as_input(self._orbit()))


def _is_in_list_of_keys(widget: QWidget | None) -> bool:
    """Whether the list of keys covers the page: driving goes on under it, but nothing is marked or chosen unseen."""
    while widget is not None and not isinstance(widget, ShortcutOverlay):
        widget = widget.parentWidget()
    return widget is not None
