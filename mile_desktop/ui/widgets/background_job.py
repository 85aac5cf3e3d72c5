"""The button of a long job, and in its place progress and Cancel while it runs."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from mile_desktop.ui.theme import theme

_FINENESS = 1000
"""Finer than per cent, so that the bar also moves during a long job."""


class BackgroundJob(QWidget):
    """Fed by its owner, whose process does the work; reports what the person asks for. Window's thread only.

    Parameters
    ----------
    title
        Text of the button.
    icon
        Its icon.
    name
        What the progress bar is called for a screen reader.
    """

    start_requested = Signal()
    cancel_requested = Signal()

    def __init__(self, title: str, icon: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._running = False
        self.button = QPushButton(title)
        self.bar = QProgressBar()
        self.text = plain_label("secondary")
        self.cancel = QPushButton("Cancel")
        self.note = plain_label("quiet")
        theme.set_icon(self.button, icon)
        theme.set_icon(self.cancel, "mdi6.close")
        self.bar.setRange(0, _FINENESS)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(name)
        self._buttons = QHBoxLayout()
        theme.space(self._buttons, (0, 0, 0, 0), 8)
        self._buttons.addWidget(self.button, 1)
        self._column = QVBoxLayout(self)
        theme.space(self._column, (0, 8, 0, 0), 8)
        self._column.addLayout(self._buttons)
        for widget in (self.bar, self.text, self.cancel, self.note):
            self._column.addWidget(widget)
        self.button.clicked.connect(self.start_requested)
        self.cancel.clicked.connect(self._ask_to_cancel)
        self.show_idle()

    @property
    def running(self) -> bool:
        """Whether the job runs."""
        return self._running

    def add_beside(self, button: QPushButton) -> None:
        """Add a smaller button beside the job's own."""
        self._buttons.addWidget(button)

    def add_below(self, widget: QWidget, *, before_note: bool = False) -> None:
        """Add a widget below the row of buttons, above the note or at the end."""
        self._column.insertWidget(self._column.count() - (1 if before_note else 0), widget)

    def offer(self, possible: bool, tip: str) -> None:
        """Set whether the job can be started, and what the button says under the mouse."""
        self.button.setEnabled(possible and not self._running)
        self.button.setToolTip(tip)

    def show_progress(self, share: float, text: str) -> None:
        """Show that the job runs; ``share`` in [0, 1] of it is done."""
        self._running = True
        self.bar.setValue(round(_FINENESS * share))
        self.text.setText(text)
        self.cancel.setEnabled(True)
        self.show_note("")
        self._show_parts()

    def show_idle(self, note: str = "", *, failed: bool = False) -> None:
        """Show the button, and how the job ended."""
        self._running = False
        self.show_note(f"✕ {note}" if failed else note, "error" if failed else "quiet")
        self._show_parts()

    def show_note(self, text: str, role: str = "quiet") -> None:
        """Show one sentence below; empty: none."""
        theme.set_role(self.note, role)
        self.note.setText(text)
        self.note.setVisible(bool(text))

    def _show_parts(self) -> None:
        self.button.setVisible(not self._running)
        for widget in (self.bar, self.text, self.cancel):
            widget.setVisible(self._running)

    def _ask_to_cancel(self) -> None:
        # The process needs a moment to end; a second press would have no effect.
        self.cancel.setEnabled(False)
        self.text.setText("Cancelling …")
        self.cancel_requested.emit()


def plain_label(role: str) -> QLabel:
    """Return an empty label that wraps its text."""
    label = QLabel()
    label.setWordWrap(True)
    theme.set_role(label, role)
    return label
