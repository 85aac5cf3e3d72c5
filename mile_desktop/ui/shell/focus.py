"""Where the keyboard focus goes when a person did not choose: to a harmless place, never to the next button."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

_TEXT = (QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox)


def focus_was_lost(window: QWidget) -> bool:
    """Return whether Qt looks for a new focus because the old one was disabled or hidden, not because of Tab."""
    focused = window.focusWidget()
    if focused is None or focused is window:
        return False
    # Qt asks before it marks the widget itself as disabled; only the request, WA_ForceDisabled, is set by then.
    return not focused.isVisible() or not focused.isEnabled() or _disabled_by_request(focused, window)


def _disabled_by_request(widget: QWidget, window: QWidget) -> bool:
    # A disabled parent disables the widget as well, but only the parent carries the request.
    each: QWidget | None = widget
    while each is not None and each is not window:
        if each.testAttribute(Qt.WidgetAttribute.WA_ForceDisabled):
            return True
        each = each.parentWidget()
    return False


def is_text(widget: QWidget | None) -> bool:
    """Return whether letters and digits typed into ``widget`` are an entry."""
    return isinstance(widget, _TEXT) or (isinstance(widget, QComboBox) and widget.isEditable())


def close_popup() -> bool:
    """Close the menu or list that is open on top; return whether there was one."""
    popup = QApplication.activePopupWidget()
    if popup is None:
        return False
    popup.close()
    return True
