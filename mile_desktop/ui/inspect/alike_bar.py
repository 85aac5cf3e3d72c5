"""Finds recorded moments like the shown one, and chooses which of them plays beside it."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QWidget

from mile_desktop.ui.theme import theme

_FIND = "Moments like this"


class AlikeBar(QWidget):
    """Requests by signals; window's thread only."""

    find_requested = Signal()
    moment_chosen = Signal(int)
    """Number of the moment that is to play beside the shown episode."""
    open_requested = Signal()
    """Show the chosen moment in place of the episode."""
    close_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._compact = self._running = self._found = False
        self._find = QPushButton(_FIND)
        self._find.setAccessibleName(_FIND)
        self._moments = QComboBox()
        self._open, self._close = QPushButton("Open"), QPushButton()
        theme.set_icon(self._find, "mdi6.compare")
        theme.set_icon(self._close, "mdi6.close")
        self._find.setToolTip(
            "Find the moments of other episodes that are nearest to this one by the forecast's own signals, and play "
            "one beside it"
        )
        self._moments.setAccessibleName("Moments like this one")
        self._moments.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._moments.setMinimumContentsLength(16)
        self._open.setToolTip("Show this episode at this moment in place of the one that is shown now")
        self._close.setAccessibleName("Close the moment beside this one")
        self._close.setToolTip("Show this episode alone again")
        row = QHBoxLayout(self)
        theme.space(row, (0, 0, 0, 0), 4)
        for widget in (self._find, self._moments, self._open, self._close):
            row.addWidget(widget)
        row.addStretch(1)
        theme.bound(self._close, width=32)
        self._find.clicked.connect(self.find_requested)
        self._moments.activated.connect(self._choose)
        self._open.clicked.connect(self.open_requested)
        self._close.clicked.connect(self.close_requested)
        self.show_moments(())

    def show_moments(self, titles: Sequence[str]) -> None:
        """Offer these moments, the first one chosen; none: offer only to look for them."""
        with QSignalBlocker(self._moments):
            self._moments.clear()
            self._moments.addItems(list(titles))
        self._moments.setToolTip(self._moments.currentText())
        for widget in (self._moments, self._open, self._close):
            widget.setVisible(bool(titles))
        self._found = bool(titles)
        self.show_running(False)

    def _choose(self, number: int) -> None:
        # A long title is cut off in the list when it is closed.
        self._moments.setToolTip(self._moments.currentText())
        self.moment_chosen.emit(number)

    def show_running(self, running: bool) -> None:
        """Show whether moments are being looked for."""
        self._running = running
        self._find.setEnabled(not running)
        self._name_button()

    def set_compact(self, compact: bool) -> None:
        """Show the button as an icon, or with its text."""
        self._compact = compact
        self._name_button()

    def _name_button(self) -> None:
        # While it searches, the text is the only sign of that. Beside the list of what was found there is no room.
        self._find.setText("Searching …" if self._running else "" if self._compact or self._found else _FIND)
