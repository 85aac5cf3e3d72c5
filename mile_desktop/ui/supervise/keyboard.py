"""The keyboard as an operator: Space is a dead-man's switch, letting go of the window lets go of the robot."""

from collections.abc import Callable

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
from mile_desktop.ui.supervise.keyboard_model import KEEP, Key, KeyState
from mile_desktop.ui.viewport.orbit import Orbit

REPEAT_MS = 100
"""While anything is held the state is sent this often; the worker takes 500 ms of silence for a lost device."""

_LEVELS: dict[int, Key] = {
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
}
_EDGES: dict[int, str] = {
    Qt.Key.Key_Return: "success",
    Qt.Key.Key_Enter: "success",
    Qt.Key.Key_Backspace: "failure",
    Qt.Key.Key_Delete: "discard",
    Qt.Key.Key_H: "hold",
    Qt.Key.Key_F: "gripper",
    Qt.Key.Key_1: "camera 0",
    Qt.Key.Key_2: "camera 1",
    Qt.Key.Key_3: "camera 2",
    Qt.Key.Key_4: "camera 3",
}
_ARROWS = frozenset(int(key) for key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right))
_TEXT = (QLineEdit, QPlainTextEdit, QTextEdit)
_NUMBERS = (QAbstractSpinBox, QComboBox)
"""Entries that need digits and editing keys but no letters: a click on an arrow must not cost the dead-man's key."""
_EDITING = frozenset({int(key) for key in _EDGES if key not in {Qt.Key.Key_H, Qt.Key.Key_F}})
_PRESSING = frozenset({int(Qt.Key.Key_Space), int(Qt.Key.Key_Return), int(Qt.Key.Key_Enter)})
_MODIFIERS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
_LOST = frozenset({QEvent.Type.FocusOut, QEvent.Type.Hide, QEvent.Type.Close, QEvent.Type.WindowDeactivate})


class Keyboard(QObject):
    """Turns keys of ``page``'s window into ``WindowInput`` and requests, while ``page`` is shown.

    It listens on the top-level window, before any widget: a focused button must not swallow Space. Text fields
    keep their keys, except Esc while the robot is busy; arrows drive where ``ground``, the view, has the focus, and
    wherever it is while Space is held. All of it runs on the window's thread.
    """

    input_changed = Signal(object)
    """Carries a ``WindowInput``: on every change, and every 100 ms while anything is pressed."""
    success = Signal()
    failure = Signal()
    discard = Signal()
    hold = Signal()
    stop = Signal()
    camera = Signal(int)
    """Number of the scene's camera, from 0."""

    def __init__(self, page: QWidget, orbit: Callable[[], Orbit], ground: QWidget | None = None) -> None:
        super().__init__(page)
        self._page = page
        self._ground = ground
        self._orbit = orbit
        self._keys = KeyState()
        self._held: set[int] = set()
        """Keys that are down, as the keyboard has them: two of them may drive the same way."""
        self._grips = True
        self._window: QWindow | None = None
        self._busy = False
        self._timer = QTimer(self)
        self._timer.setInterval(REPEAT_MS)
        self._timer.timeout.connect(self._send)
        self._requests: dict[str, Callable[[], None]] = {
            "success": self.success.emit,
            "failure": self.failure.emit,
            "discard": self.discard.emit,
            "hold": self.hold.emit,
            "gripper": self._toggle_gripper,
        }

    def attach(self) -> None:
        """Listen to the window the page is in; called when the page is shown."""
        window = self._page.window().windowHandle()
        if window is self._window:
            return
        self.detach()
        self._window = window
        if window is not None:
            window.installEventFilter(self)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._focus_changed)

    def detach(self) -> None:
        """Let everything go and listen no more; called when the page is hidden."""
        self.release_all()
        if self._window is None:
            return
        self._window.removeEventFilter(self)
        self._window = None
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.disconnect(self._focus_changed)

    def set_busy(self, busy: bool) -> None:
        """Say whether the robot is about its work, so that Esc stops it wherever the cursor is."""
        self._busy = busy

    def start_session(self, session: SessionLoaded) -> None:
        """Learn whether what is driven has a gripper: where actions are discrete there is none."""
        self._grips = not session.choices
        self._keys.gripper = KEEP

    def follow(self, taken: StepTaken) -> None:
        """Learn the gripper command that is being executed, so that taking over does not change it."""
        if self._grips and len(taken.executed) > 3:
            self._keys.follow_gripper(taken.executed[3])

    def release_all(self) -> None:
        """Let go of everything at once."""
        self._timer.stop()
        self._held.clear()
        if self._keys.release_all():
            self._send()

    # ── events ───────────────────────────────────────────────────────────────────────────────────────────────────

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802, ARG002 – Qt's name and signature
        """Take the keys that drive; leave all others."""
        kind = event.type()
        if kind in _LOST:
            self.release_all()
            return False
        if not isinstance(event, QKeyEvent):
            return False
        if kind is QEvent.Type.KeyPress:
            return self._pressed(event)
        if kind is QEvent.Type.KeyRelease:
            return self._released(event)
        return False

    def _pressed(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key == Qt.Key.Key_Escape:
            return self._escape()
        if event.modifiers() & _MODIFIERS or self._belongs_to_focus(key):
            return False
        if key in _LEVELS:
            if not event.isAutoRepeat():
                self._held.add(key)
                if self._keys.press(_LEVELS[key]):
                    self._changed()
            return True
        if key in _EDGES:
            if not event.isAutoRepeat():
                self._request(_EDGES[key])
            return True
        return False

    def _released(self, event: QKeyEvent) -> bool:
        level = _LEVELS.get(event.key())
        if level is None:
            return False
        if event.isAutoRepeat():
            return level in self._keys.down
        self._held.discard(event.key())
        if any(_LEVELS[key] is level for key in self._held):
            return True
        if self._keys.release(level):
            self._changed()
            return True
        return False

    def _belongs_to_focus(self, key: int) -> bool:
        """Whether the focused widget needs ``key`` itself; while the robot is busy only what is typed counts."""
        focused = QApplication.focusWidget()
        if isinstance(focused, _TEXT):
            return True
        if key in _ARROWS and Key.TAKEOVER not in self._keys.down:
            # lists, sliders and rows of buttons are walked through with arrows; only who drives has them everywhere
            return focused is not None and focused is not self._ground
        if isinstance(focused, _NUMBERS):
            return not self._busy or key in _EDITING
        return not self._busy and key in _PRESSING and isinstance(focused, QAbstractButton)

    def _escape(self) -> bool:
        if not self._busy and isinstance(QApplication.focusWidget(), (*_TEXT, *_NUMBERS)):
            return False
        self.release_all()
        self.stop.emit()
        return True

    def _request(self, name: str) -> None:
        if name.startswith("camera "):
            self.camera.emit(int(name.removeprefix("camera ")))
        else:
            self._requests[name]()

    def _toggle_gripper(self) -> None:
        if not self._grips:
            return
        self._keys.toggle_gripper()
        self._send()

    def _focus_changed(self, before: QWidget | None, now: QWidget | None) -> None:  # noqa: ARG002 – Qt's signature
        if isinstance(now, _TEXT):
            self.release_all()

    def _changed(self) -> None:
        if self._keys.down:
            self._timer.start()
        else:
            self._timer.stop()
        self._send()

    def _send(self) -> None:
        self.input_changed.emit(self._keys.as_input(self._orbit()))
