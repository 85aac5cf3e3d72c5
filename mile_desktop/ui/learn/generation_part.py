"""The part of the Learn panel about generated data: a button, its progress, the sets that exist, and their removal."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from mile_desktop.ui.theme import theme

_TIP = (
    "A model of you supervises the policy that drives in simulated scenes that differ a little. The episodes are kept "
    "apart from yours; tick them above to learn from them"
)
_NOTHING_YET = "Take over a few times and retrain: the model of you has to know you first."


class GenerationPart(QWidget):
    """Fed by ``show_…``; reports what the person asks for. Window's thread only."""

    generate_requested = Signal()
    cancel_requested = Signal()
    remove_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._possible = False
        self._running = False
        self._there = ""
        self._button = QPushButton("Generate data")
        self._remove = QPushButton("Remove")
        self._bar = QProgressBar()
        self._text = _label("secondary")
        self._cancel = QPushButton("Cancel")
        self._sets = _label("secondary")
        self._note = _label("quiet")
        self._lay_out()
        self._button.clicked.connect(self.generate_requested)
        self._remove.clicked.connect(self.remove_requested)
        self._cancel.clicked.connect(self._ask_to_cancel)
        self.show_nothing()

    def _lay_out(self) -> None:
        theme.set_icon(self._button, "mdi6.robot-outline")
        theme.set_icon(self._cancel, "mdi6.close")
        theme.set_icon(self._remove, "mdi6.trash-can-outline")
        self._remove.setToolTip("Delete all generated episodes of this scene; yours stay")
        self._remove.setAccessibleName("Remove the generated episodes")
        # Finer than per cent, so that the bar also moves during many episodes.
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Generation progress")
        buttons = QHBoxLayout()
        theme.space(buttons, (0, 0, 0, 0), 8)
        buttons.addWidget(self._button, 1)
        buttons.addWidget(self._remove)
        column = QVBoxLayout(self)
        theme.space(column, (0, 8, 0, 0), 8)
        column.addLayout(buttons)
        for widget in (self._bar, self._text, self._cancel, self._sets, self._note):
            column.addWidget(widget)

    @property
    def can_generate(self) -> bool:
        """Whether the model of the person rests on takeovers of theirs, and nothing is being generated."""
        return self._possible and not self._running

    def show_possible(self, possible: bool) -> None:
        """Set whether there is a scene to simulate and a model that was fitted to the person."""
        self._possible = possible
        self._refresh()

    def show_sets(self, text: str) -> None:
        """Show what was generated before; empty: nothing."""
        self._there = text
        self._refresh()

    def show_progress(self, share: float, text: str) -> None:
        """Show that episodes are being generated."""
        self._running = True
        self._bar.setValue(round(1000 * share))
        self._text.setText(text)
        self._cancel.setEnabled(True)
        self._show_note("", "quiet")
        self._refresh()

    def show_result(self, text: str) -> None:
        """Show what was generated or removed."""
        self._running = False
        self._show_note(text, "quiet")
        self._refresh()

    def show_failure(self, text: str) -> None:
        """Show why nothing was generated."""
        self._running = False
        self._show_note(f"✕ {text}", "error")
        self._refresh()

    def show_nothing(self) -> None:
        """Show the button alone."""
        self._running = False
        self._show_note("", "quiet")
        self._refresh()

    def _ask_to_cancel(self) -> None:
        # The process needs a moment to end; a second press would have no effect.
        self._cancel.setEnabled(False)
        self._text.setText("Cancelling …")
        self.cancel_requested.emit()

    def _show_note(self, text: str, role: str) -> None:
        theme.set_role(self._note, role)
        self._note.setText(text)
        self._note.setVisible(bool(text))

    def _refresh(self) -> None:
        self._button.setVisible(not self._running)
        self._button.setEnabled(self.can_generate)
        self._button.setToolTip(_TIP if self._possible else _NOTHING_YET)
        for widget in (self._bar, self._text, self._cancel):
            widget.setVisible(self._running)
        self._remove.setVisible(bool(self._there) and not self._running)
        self._sets.setText(self._there)
        self._sets.setVisible(bool(self._there) and not self._running)


def _label(role: str) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    theme.set_role(label, role)
    return label
