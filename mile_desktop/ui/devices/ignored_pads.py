"""Names the devices that are not driven with, each with a button that uses it."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QPushButton, QWidget

from mile_desktop.rollout.messages import IgnoredPad
from mile_desktop.ui.theme import theme


class IgnoredPads(QWidget):
    """One button for each device; hidden while there is none.

    Keyboards, mice and motion sensors appear as joysticks, too. The program leaves out what cannot be a gamepad, and a
    person leaves out what they do not want to drive with; both can be wrong and are taken back here.
    """

    wanted = Signal(str, str)
    """GUID and name of a device to drive with from now on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pads: tuple[IgnoredPad, ...] = ()
        self._buttons = QButtonGroup(self)
        self._buttons.idClicked.connect(self._use)
        self._row = QHBoxLayout(self)
        theme.space(self._row, spacing=8)
        label = QLabel("Not used:")
        theme.set_role(label, "quiet")
        self._row.addWidget(label)
        self._row.addStretch(1)
        self.hide()

    def show_pads(self, pads: Sequence[IgnoredPad]) -> None:
        """Show these devices."""
        # States come many times a second: a button that is replaced under the mouse could not be clicked.
        if tuple(pads) == self._pads:
            return
        self._pads = tuple(pads)
        for button in self._buttons.buttons():
            self._buttons.removeButton(button)
            # Hidden at once: until the event loop deletes it, it would stand beside its successor.
            button.hide()
            button.deleteLater()
        for index, pad in enumerate(self._pads):
            button = QPushButton(f"Use {pad.name or 'the unnamed device'}")
            button.setToolTip("Drive with this device; it is remembered")
            button.setAutoDefault(False)
            self._buttons.addButton(button, index)
            self._row.insertWidget(self._row.count() - 1, button)
        self.setVisible(bool(self._pads))

    def _use(self, index: int) -> None:
        self.wanted.emit(self._pads[index].guid, self._pads[index].name)
