"""Restyles a widget after a change of the theme, a hidden one only when it is shown."""

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import QWidget

from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard


class Restyler(OverrideGuard, QObject):
    """Emits ``due`` when ``widget`` must take its colours and sizes from the theme again.

    A window has twenty plots, and one or two of them are seen: to restyle the others would take a tenth of a change.
    """

    due = Signal()

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._waits = False
        theme.signals().changed.connect(self._changed)

    def _changed(self) -> None:
        if self._widget.isVisible():
            self.due.emit()
        elif not self._waits:
            self._waits = True
            # Only until it is shown: every other event of the widget would pass through the filter, too.
            self._widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Restyle the widget before it is painted."""
        if event.type() is QEvent.Type.Show and self._waits:
            self._waits = False
            watched.removeEventFilter(self)
            self.due.emit()
        return False
