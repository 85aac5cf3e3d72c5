"""What can be changed about the chosen episodes."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QProgressBar, QPushButton, QToolButton, QWidget

from mile_desktop.ui.shell import shortcuts
from mile_desktop.ui.theme import theme

_BUTTONS: tuple[tuple[str, str, str], ...] = (
    ("inspect_mark", "Mark", "mdi6.hand-back-right-outline"),
    ("inspect_unmark", "Unmark", "mdi6.robot-outline"),
    ("inspect_trim", "Trim", "mdi6.content-cut"),
    ("inspect_delete", "Delete", "mdi6.delete-outline"),
    ("inspect_restore", "Restore", "mdi6.delete-restore"),
)
"""Action of the shortcut table, word, icon."""
_OUTCOMES = (("success", "✓ success"), ("failure", "✕ failure"), ("aborted", "– aborted"))


class EditBar(QWidget):
    """Buttons, the note of the episode that is looked at, undo; asks by signals. Window's thread only."""

    asked = Signal(str)
    """Name of an action of the shortcut table."""
    outcome_asked = Signal(str)
    note_asked = Signal(str)
    withdraw_asked = Signal(int)
    """Version of an edit that is to be taken back."""
    cancel_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons: dict[str, QPushButton] = {}
        self._outcome, self._changes = _menu_button("Outcome"), _menu_button("Changes")
        self._outcome.setToolTip("Say how the selected episodes ended")
        self._changes.setToolTip("What was changed about this episode; choose one to take it back")
        self._note = QLineEdit()
        self._note.setPlaceholderText("Note on this episode")
        self._note.setAccessibleName("Note on this episode")
        self._note.setToolTip("Enter keeps the note, Esc leaves it as it was")
        self._note.editingFinished.connect(self._note_edited)
        self._noted = ""
        self._stretch = QLabel()
        theme.set_role(self._stretch, "secondary")
        self._undo = _tool("inspect_undo", "mdi6.undo-variant")
        self._redo = _tool("inspect_redo", "mdi6.redo-variant")
        self._progress, self._cancel = QProgressBar(), QPushButton("Cancel")
        self._progress.setTextVisible(False)
        theme.bound(self._progress, most_width=96)
        theme.set_role(self._cancel, "control")
        self._cancel.clicked.connect(self.cancel_asked)
        self._fill_outcomes()
        self._lay_out()
        self.show_progress(None)
        self.show_undo("", "")

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        theme.space(row, (0, 0, 0, 0), 6)
        row.addWidget(self._outcome)
        for action, word, icon in _BUTTONS:
            button = QPushButton(word)
            button.setObjectName(action)
            button.setAccessibleName(word)
            button.setToolTip(shortcuts.tooltip(shortcuts.binding(action).title, action))
            theme.set_role(button, "control")
            theme.set_icon(button, icon, "text", 16)
            button.clicked.connect(self._clicked)
            self._buttons[action] = button
            row.addWidget(button)
        for tool in (self._undo, self._redo):
            tool.clicked.connect(self._clicked)
        for widget in (self._stretch, self._progress, self._cancel):
            row.addWidget(widget)
        row.addWidget(self._note, 1)
        for tool in (self._changes, self._undo, self._redo):
            row.addWidget(tool)

    def _fill_outcomes(self) -> None:
        menu = QMenu(self._outcome)
        for outcome, title in _OUTCOMES:
            action = QAction(title, menu)
            action.setData(outcome)
            menu.addAction(action)
        menu.triggered.connect(self._outcome_chosen)
        self._outcome.setMenu(menu)

    # ── what is shown ────────────────────────────────────────────────────────────────────────────────────────────

    def show_selection(self, count: int, *, looking: bool, deleted: bool) -> None:
        """Enable what can be done with ``count`` episodes; ``looking``: one of them is shown below."""
        self._outcome.setEnabled(count > 0)
        self._buttons["inspect_delete"].setVisible(not deleted)
        self._buttons["inspect_restore"].setVisible(deleted)
        for name in ("inspect_delete", "inspect_restore"):
            self._buttons[name].setEnabled(count > 0)
        self._note.setEnabled(looking)
        if not looking:
            self.show_note("")

    def show_note(self, note: str) -> None:
        """Show the note of the episode that is looked at."""
        self._noted = note
        with QSignalBlocker(self._note):
            self._note.setText(note)

    def show_stretch(self, text: str) -> None:
        """Say which stretch is chosen; empty: none, and nothing can be marked."""
        self._stretch.setText(text)
        for name in ("inspect_mark", "inspect_unmark", "inspect_trim"):
            self._buttons[name].setEnabled(bool(text))

    def show_changes(self, changes: Sequence[tuple[int, str]]) -> None:
        """Offer edits in force, version and words each, to be taken back."""
        menu = QMenu(self._changes)
        for version, text in changes:
            action = QAction(f"Take back: {text}", menu)
            action.setData(version)
            menu.addAction(action)
        menu.triggered.connect(self._withdraw_chosen)
        before = self._changes.menu()
        self._changes.setMenu(menu)
        if before is not None:
            before.deleteLater()
        self._changes.setText(f"Changes ({len(changes)})" if changes else "Changes")
        self._changes.setEnabled(bool(changes))

    def show_undo(self, undo: str, redo: str) -> None:
        """Say what would be undone and done again."""
        for tool, text in ((self._undo, undo), (self._redo, redo)):
            entry = shortcuts.binding(tool.objectName())
            tool.setEnabled(bool(text))
            tool.setToolTip(shortcuts.tooltip(f"{entry.title}: {text}" if text else entry.title, entry.action))

    def show_progress(self, fraction: float | None) -> None:
        """Show how far a change of many episodes is; None: nothing is being changed."""
        for widget in (self._progress, self._cancel):
            widget.setVisible(fraction is not None)
        self._progress.setValue(round(100 * (fraction or 0.0)))

    def set_compact(self, compact: bool) -> None:
        """Show the buttons without their words, or with them."""
        for action, word, _ in _BUTTONS:
            self._buttons[action].setText("" if compact else word)

    def edit_note(self) -> None:
        """Put the keyboard into the note."""
        self._note.setFocus()
        self._note.selectAll()

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _clicked(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.asked.emit(sender.objectName())

    def _outcome_chosen(self, action: QAction) -> None:
        self.outcome_asked.emit(action.data())

    def _withdraw_chosen(self, action: QAction) -> None:
        self.withdraw_asked.emit(action.data())

    def _note_edited(self) -> None:
        text = self._note.text().strip()
        if text != self._noted:
            self._noted = text
            self.note_asked.emit(text)


def _menu_button(text: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setAccessibleName(text)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    return button


def _tool(action: str, icon: str) -> QToolButton:
    tool = QToolButton()
    tool.setObjectName(action)
    tool.setAccessibleName(shortcuts.binding(action).title)
    theme.set_icon(tool, icon)
    return tool
