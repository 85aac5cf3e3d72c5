"""The bar with the changes to the selected episodes: outcome, tags, operator, marks, trim, delete, note, undo."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QProgressBar, QPushButton, QToolButton, QWidget

from mile_desktop.storage.records import PARTIAL
from mile_desktop.ui.inspect.editing.label_menu import LabelMenu
from mile_desktop.ui.shell import shortcuts
from mile_desktop.ui.theme import theme

_BUTTONS: tuple[tuple[str, str, str], ...] = (
    ("inspect_mark", "Mark", "mdi6.hand-back-right-outline"),
    ("inspect_unmark", "Unmark", "mdi6.robot-outline"),
    ("inspect_trim", "Trim", "mdi6.content-cut"),
    ("inspect_delete", "Delete", "mdi6.delete-outline"),
    ("inspect_restore", "Restore", "mdi6.delete-restore"),
)
"""Action of the shortcut table, text, icon."""
_OUTCOMES = (
    ("success", "✓ success"),
    # What it means for learning is said where it is chosen.
    (PARTIAL, "◐ partial success (takeovers are learned from; no success)"),
    ("failure", "✕ failure"),
    ("time limit", "◷ time limit"),
    ("aborted", "– aborted"),
    ("unknown", "? unknown"),
)


_REMOVE = "Remove set"
_REMOVE_TIP = "Remove the whole set of generated episodes; yours stay"


class EditBar(QWidget):
    """Buttons, and the note of the shown episode; every change is requested by a signal. Window's thread only."""

    action_requested = Signal(str)
    """Name of an action of the shortcut table."""
    outcome_requested = Signal(str)
    note_requested = Signal(str)
    withdraw_requested = Signal(int)
    """Version of the edit to withdraw."""
    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons: dict[str, QPushButton] = {}
        self._outcome, self._changes = _menu_button("Outcome"), _menu_button("Changes")
        self._outcome.setToolTip("Set the outcome of the selected episodes")
        self.tags = LabelMenu("Tags", "Tag the selected episodes", "New tags, with commas", many=True)
        self.operators = LabelMenu("Operator", "Say who operated in the selected episodes", "Name or code")
        self._changes.setToolTip("Edits of this episode; choose one to withdraw it")
        self._note = QLineEdit()
        self._note.setPlaceholderText("Note on this episode")
        self._note.setAccessibleName("Note on this episode")
        self._note.setToolTip("Enter saves the note, Esc restores it")
        self._note.editingFinished.connect(self._note_edited)
        self._shown_note = ""
        self._compact = self._generated = False
        self._stretch = QLabel()
        theme.set_role(self._stretch, "secondary")
        self._undo = _tool("inspect_undo", "mdi6.undo-variant")
        self._redo = _tool("inspect_redo", "mdi6.redo-variant")
        self._progress, self._cancel = QProgressBar(), QPushButton("Cancel")
        self._progress.setTextVisible(False)
        theme.bound(self._progress, most_width=96)
        theme.set_role(self._cancel, "control")
        self._cancel.clicked.connect(self.cancel_requested)
        self._fill_outcomes()
        self._lay_out()
        self.show_progress(None)
        self.show_undo("", "")
        # Nothing is chosen yet: a button that looks ready and does nothing would be tried first.
        self.show_selection(0, has_shown=False, deleted=False)
        self.show_stretch("")
        self.show_changes(())

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        theme.space(row, (0, 0, 0, 0), 6)
        for menu in (self._outcome, self.tags, self.operators):
            row.addWidget(menu)
        for action, text, icon in _BUTTONS:
            button = QPushButton(text)
            button.setObjectName(action)
            button.setAccessibleName(text)
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

    # ── content ──────────────────────────────────────────────────────────────────────────────────────────────────

    def show_selection(self, count: int, *, has_shown: bool, deleted: bool, generated: bool = False) -> None:
        """Enable what ``count`` selected episodes allow.

        ``has_shown``: an episode is shown and can have a note; ``generated``: some are, and are removed as a set.
        """
        has_shown = has_shown and not generated
        for menu in (self._outcome, self.tags, self.operators):
            menu.setEnabled(count > 0 and not generated)
        self._generated = generated
        self._show_texts()
        self._buttons["inspect_delete"].setVisible(not deleted)
        self._buttons["inspect_restore"].setVisible(deleted)
        for name in ("inspect_delete", "inspect_restore"):
            self._buttons[name].setEnabled(count > 0)
        self._note.setEnabled(has_shown)
        if not has_shown:
            self.show_note("")

    def show_note(self, note: str) -> None:
        """Show the note of the shown episode."""
        self._shown_note = note
        # To show a note is no edit of it.
        with QSignalBlocker(self._note):
            self._note.setText(note)

    def show_stretch(self, text: str) -> None:
        """Show which stretch is chosen; empty: none, so nothing can be marked or trimmed."""
        self._stretch.setText(text)
        for name in ("inspect_mark", "inspect_unmark", "inspect_trim"):
            self._buttons[name].setEnabled(bool(text))

    def show_changes(self, changes: Sequence[tuple[int, str]]) -> None:
        """List the edits in force, version and text each, to be withdrawn."""
        menu = QMenu(self._changes)
        for version, text in changes:
            action = QAction(f"Withdraw: {text}", menu)
            action.setData(version)
            menu.addAction(action)
        menu.triggered.connect(self._withdraw_chosen)
        # the old menu may be the one that was just clicked, so Qt deletes it later
        before = self._changes.menu()
        self._changes.setMenu(menu)
        if before is not None:
            before.deleteLater()
        self._changes.setText(f"Changes ({len(changes)})" if changes else "Changes")
        self._changes.setEnabled(bool(changes))

    def show_undo(self, undo: str, redo: str) -> None:
        """Show what an undo and a redo would change; empty: nothing."""
        for tool, text in ((self._undo, undo), (self._redo, redo)):
            entry = shortcuts.binding(tool.objectName())
            tool.setEnabled(bool(text))
            tool.setToolTip(shortcuts.tooltip(f"{entry.title}: {text}" if text else entry.title, entry.action))

    def show_progress(self, fraction: float | None) -> None:
        """Show the progress of a batch; None: no batch runs."""
        for widget in (self._progress, self._cancel):
            widget.setVisible(fraction is not None)
        self._progress.setValue(round(100 * (fraction or 0.0)))

    def set_compact(self, compact: bool) -> None:
        """Show icons only, or icons with text."""
        self._compact = compact
        self._show_texts()

    def edit_note(self) -> None:
        """Move the keyboard focus into the note."""
        self._note.setFocus()
        self._note.selectAll()

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _show_texts(self) -> None:
        for action, text, _ in _BUTTONS:
            self._buttons[action].setText("" if self._compact else text)
        delete = self._buttons["inspect_delete"]
        tip = _REMOVE_TIP if self._generated else shortcuts.binding("inspect_delete").title
        delete.setToolTip(shortcuts.tooltip(tip, "inspect_delete"))
        delete.setAccessibleName(_REMOVE if self._generated else "Delete")
        if self._generated and not self._compact:
            delete.setText(_REMOVE)

    def _clicked(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.action_requested.emit(sender.objectName())

    def _outcome_chosen(self, action: QAction) -> None:
        self.outcome_requested.emit(action.data())

    def _withdraw_chosen(self, action: QAction) -> None:
        self.withdraw_requested.emit(action.data())

    def _note_edited(self) -> None:
        text = self._note.text().strip()
        # Qt emits this twice, for Enter and for the lost focus
        if text != self._shown_note:
            self._shown_note = text
            self.note_requested.emit(text)


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
