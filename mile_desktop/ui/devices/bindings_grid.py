"""Press to bind: lists what each control does and binds the next control that is pressed."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QLabel, QPushButton, QToolButton, QWidget

from mile_desktop.operators.controls import control_label
from mile_desktop.operators.profile import PadProfile
from mile_desktop.rollout.messages import PadState
from mile_desktop.ui.devices.model import DRIVING_SLOTS, REQUEST_SLOTS, SLOTS, Slot, control_in, covered_by_stick
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard

_LISTEN_MS = 8000
"""The grid stops listening after this time; a forgotten one would bind the next control by accident."""
_CONTROL_WIDTH = 128


class BindingsGrid(OverrideGuard, QWidget):
    """A row for each slot: a button with the control's name, which listens when clicked, and a button to unbind."""

    bound = Signal(object, str)
    """``Slot`` and the name of the control; empty to unbind."""
    listening_changed = Signal(str)
    """What to press while the grid listens; empty when it stops."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._profile = PadProfile()
        self._listening: Slot | None = None
        self._held: frozenset[str] = frozenset()
        self._rested_deflected: frozenset[str] = frozenset()
        self._active: frozenset[str] = frozenset()
        self._controls: dict[str, QPushButton] = {}
        self._clears: dict[str, QToolButton] = {}
        self._choosers, self._removers = QButtonGroup(self), QButtonGroup(self)
        # A button is "checked" while its control is pressed, and several may be pressed at once.
        self._choosers.setExclusive(False)
        self._timeout = QTimer(self)
        self._timeout.setSingleShot(True)
        self._timeout.setInterval(_LISTEN_MS)
        self._timeout.timeout.connect(self.stop_listening)
        self._choosers.idClicked.connect(self._listen_to)
        self._removers.idClicked.connect(self._clear)
        self._lay_out()

    @property
    def listening(self) -> Slot | None:
        """The slot that waits for a control."""
        return self._listening

    def show_profile(self, profile: PadProfile) -> None:
        """Show the name of every control."""
        self._profile = profile
        for slot in SLOTS:
            self._write(slot)

    def show_state(self, state: PadState) -> None:
        """Highlight the pressed controls, and bind one if the grid listens.

        A control that was pressed when listening began counts only after it was released: a thumb may still be on a
        button, and a trigger may rest at −1.
        """
        active = frozenset(state.active_controls)
        if active != self._active:
            self._active = active
            for slot in SLOTS:
                self._highlight(slot)
        # Released once, a control counts as newly pressed from then on.
        self._held &= active
        if self._listening is not None:
            fresh = [name for name in state.active_controls if name not in self._held]
            if fresh:
                self._answer(self._listening, fresh[0])

    def listen(self, slot: Slot) -> None:
        """Bind the next control that is moved or pressed to ``slot``."""
        self.stop_listening()
        self._listening = slot
        self._held = self._rested_deflected = self._active
        self._timeout.start()
        self._write(slot)
        # Only while listening, so that Esc has its usual meaning at every other time.
        self._controls[slot.key].installEventFilter(self)
        self.listening_changed.emit(slot.prompt)

    def stop_listening(self) -> None:
        """Stop without a change."""
        slot, self._listening = self._listening, None
        self._timeout.stop()
        if slot is not None:
            self._controls[slot.key].removeEventFilter(self)
            self._write(slot)
            self.listening_changed.emit("")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Cancel listening by Esc. Esc does not stop the robot here, because nothing is driven from this page."""
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            # Accepting the override keeps the window's own Esc shortcut from consuming the key press.
            if event.type() is QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() is QEvent.Type.KeyPress:
                self.stop_listening()
                return True
        return super().eventFilter(watched, event)

    def _answer(self, slot: Slot, control: str) -> None:
        # An axis that was deflected at rest and then moved is a trigger that counts from −1.
        if control in self._rested_deflected and control.startswith("axis"):
            control = control.replace("axis", "trigger")
        self.stop_listening()
        self.bound.emit(slot, control)

    def _listen_to(self, index: int) -> None:
        slot = SLOTS[index]
        # The same button again is the way out for a person who has no Esc at hand.
        if self._listening == slot:
            self.stop_listening()
        else:
            self.listen(slot)

    def _clear(self, index: int) -> None:
        self.stop_listening()
        self.bound.emit(SLOTS[index], "")

    def _write(self, slot: Slot) -> None:
        control = control_in(self._profile, slot)
        covered = covered_by_stick(self._profile, slot)
        button = self._controls[slot.key]
        if slot == self._listening:
            button.setText("press now …")
        elif covered:
            button.setText("same stick")
        else:
            button.setText(control_label(control) if control else "not bound")
        button.setToolTip("Listening; Esc cancels" if slot == self._listening else f"Click, then {slot.prompt}")
        self._clears[slot.key].setEnabled(bool(control))
        self._highlight(slot)

    def _highlight(self, slot: Slot) -> None:
        control = control_in(self._profile, slot)
        lit = slot == self._listening or bool(control and control in self._active)
        self._controls[slot.key].setChecked(lit)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        theme.space(grid, (0, 0, 8, 0), 4)
        grid.setColumnStretch(0, 1)
        self._add_group(grid, 0, "DRIVE", DRIVING_SLOTS)
        self._add_group(grid, len(DRIVING_SLOTS) + 1, "COMMANDS", REQUEST_SLOTS)
        grid.setRowStretch(len(SLOTS) + 2, 1)

    def _add_group(self, grid: QGridLayout, top: int, title: str, slots: Sequence[Slot]) -> None:
        heading = QLabel(title)
        theme.set_role(heading, "caps")
        grid.addWidget(heading, top, 0, 1, 3)
        for row, slot in enumerate(slots, start=top + 1):
            self._add_row(grid, row, slot)

    def _add_row(self, grid: QGridLayout, row: int, slot: Slot) -> None:
        index = SLOTS.index(slot)
        button = QPushButton()
        button.setCheckable(True)
        # Enter must not start listening by accident.
        button.setAutoDefault(False)
        theme.bound(button, least_width=_CONTROL_WIDTH)
        theme.set_role(button, "control")
        clear = QToolButton()
        clear.setToolTip(f"Unbind “{slot.title}”")
        clear.setAccessibleName("Unbind")
        theme.set_icon(clear, "mdi6.close", "secondary", 14)
        label = QLabel(slot.title)
        label.setBuddy(button)
        self._controls[slot.key], self._clears[slot.key] = button, clear
        self._choosers.addButton(button, index)
        self._removers.addButton(clear, index)
        grid.addWidget(label, row, 0)
        grid.addWidget(button, row, 1)
        grid.addWidget(clear, row, 2)
