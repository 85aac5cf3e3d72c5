"""Where a key is, whatever the layout of the keyboard prints on it."""

import sys

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent

_X11_OFFSET = 8
"""X11 and Wayland number keys as the Linux kernel does, plus 8. Windows numbers the main block as the kernel does."""

_KERNEL: dict[int, Qt.Key] = {
    2: Qt.Key.Key_1,
    3: Qt.Key.Key_2,
    4: Qt.Key.Key_3,
    5: Qt.Key.Key_4,
    6: Qt.Key.Key_5,
    7: Qt.Key.Key_6,
    8: Qt.Key.Key_7,
    9: Qt.Key.Key_8,
    10: Qt.Key.Key_9,
    16: Qt.Key.Key_Q,
    17: Qt.Key.Key_W,
    18: Qt.Key.Key_E,
    19: Qt.Key.Key_R,
    30: Qt.Key.Key_A,
    31: Qt.Key.Key_S,
    32: Qt.Key.Key_D,
    33: Qt.Key.Key_F,
    35: Qt.Key.Key_H,
    48: Qt.Key.Key_B,
}
"""Number of a key (``input-event-codes.h`` of Linux) → what a US keyboard prints on it. Only letters and digits: they
move with the layout. Space, arrows, Enter and Esc are the same everywhere."""

_MAC: dict[int, Qt.Key] = {
    18: Qt.Key.Key_1,
    19: Qt.Key.Key_2,
    20: Qt.Key.Key_3,
    21: Qt.Key.Key_4,
    23: Qt.Key.Key_5,
    22: Qt.Key.Key_6,
    26: Qt.Key.Key_7,
    28: Qt.Key.Key_8,
    25: Qt.Key.Key_9,
    12: Qt.Key.Key_Q,
    13: Qt.Key.Key_W,
    14: Qt.Key.Key_E,
    15: Qt.Key.Key_R,
    0: Qt.Key.Key_A,
    1: Qt.Key.Key_S,
    2: Qt.Key.Key_D,
    3: Qt.Key.Key_F,
    4: Qt.Key.Key_H,
    11: Qt.Key.Key_B,
}
"""The same by macOS's virtual key codes, which are positions there; macOS gives no scan codes."""

_LAYOUT_KEYS = frozenset(int(key) for key in _KERNEL.values())


def key_at_position(event: QKeyEvent) -> int:
    """Return the key that a US keyboard has where ``event`` was pressed; the event's own key where that is not known.

    Driving keys must lie in the same place on every keyboard: W, A, S and D are a cross only on a US one, and a
    Cyrillic layout has none of them.
    """
    code = _code(event)
    if code is None:
        return event.key()
    found = (_MAC if sys.platform == "darwin" else _KERNEL).get(code)
    if found is not None:
        return int(found)
    # The letter is printed on another key here. It must not have the meaning of that place as well.
    return 0 if event.key() in _LAYOUT_KEYS and not _is_keypad(event) else event.key()


def physical_key(event: QKeyEvent) -> int:
    """Return a number that is the same when this key is pressed and released, even if its symbol changes meanwhile.

    The symbol changes with the layout, with AltGr and with Shift. Scan codes are returned as negative numbers, so that
    they are never taken for symbols.
    """
    code = _code(event)
    return event.key() if code is None else -1 - code


def _code(event: QKeyEvent) -> int | None:
    """Return the number of the key; None where the platform gives none, as for events that a program makes."""
    if sys.platform == "darwin":
        return event.nativeVirtualKey() if event.nativeScanCode() or event.nativeVirtualKey() else None
    scan = event.nativeScanCode()
    if not scan:
        return None
    return scan if QGuiApplication.platformName() == "windows" else scan - _X11_OFFSET


def _is_keypad(event: QKeyEvent) -> bool:
    return bool(event.modifiers() & Qt.KeyboardModifier.KeypadModifier)
