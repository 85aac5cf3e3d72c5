"""A label whose text ends in … when it does not fit."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from mile_desktop.ui.widgets.override_guard import OverrideGuard


class ElidedLabel(OverrideGuard, QLabel):
    """Takes the remaining width, and shows the whole text in its tooltip when it does not fit.

    Parameters
    ----------
    hint
        The tooltip of a text that fits.
    """

    def __init__(self, hint: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._full = ""
        self._hint = hint
        # Otherwise a long text would widen the window instead of being shortened.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        # A path or an error with < and > must not be read as HTML.
        self.setTextFormat(Qt.TextFormat.PlainText)

    @property
    def full_text(self) -> str:
        """The whole text."""
        return self._full

    def set_full_text(self, text: str) -> None:
        """Show ``text``, shortened if necessary."""
        # Many callers set the same text again and again; a new one costs a layout.
        if text != self._full:
            self._full = text
            self._elide()

    def set_hint(self, hint: str) -> None:
        """Set the tooltip of a text that fits."""
        self._hint = hint
        self._elide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorten the text to the new width."""
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        room = self.contentsRect().width() - max(0, self.indent())
        shown = self.fontMetrics().elidedText(self._full, Qt.TextElideMode.ElideRight, room)
        self.setText(shown)
        self.setToolTip(self._hint if shown == self._full else self._full)
