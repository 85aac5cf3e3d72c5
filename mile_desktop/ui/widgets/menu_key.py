"""Shift+F10 opens a widget's context menu."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

MENU_KEY = "Shift+F10"


class MenuKey(QAction):
    """Opens the widget's context menu with Shift+F10, because not every platform and keyboard has the menu key.

    Parameters
    ----------
    widget
        Opens a menu on ``customContextMenuRequested``; owns this action.
    """

    def __init__(self, widget: QWidget) -> None:
        super().__init__("Menu", widget)
        self._widget = widget
        self.setShortcut(QKeySequence(MENU_KEY))
        # Several widgets of a window have this key; only the one with the focus reacts.
        self.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.triggered.connect(self._open)
        widget.addAction(self)

    def _open(self) -> None:
        self._widget.customContextMenuRequested.emit(self._widget.rect().center())
