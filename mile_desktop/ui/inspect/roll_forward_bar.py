"""What would it have done? Two policies to choose, from here on, and which of the ways is looked at."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QWidget,
)

from mile_desktop.ui.inspect.prediction_bar import Choice
from mile_desktop.ui.shell import shortcuts
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.elided_label import ElidedLabel

RECORDED = "recorded"
COLOURS = ("success", "threshold")
"""Of the two policies' ways."""


class RollForwardBar(QWidget):
    """Choices and a button; while it works, progress and a way to cancel; then the ways to look at."""

    roll_asked = Signal()
    cancel_asked = Signal()
    way_chosen = Signal(int)
    """−1: the recording, else the number of a policy's way."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = QLabel("What would it have done?")
        theme.set_role(self._title, "secondary")
        self._first, self._second = QComboBox(), QComboBox()
        self._roll = QPushButton("Roll forward")
        self._cancel = QPushButton("Cancel")
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setRange(0, 100)
        self._doing = ElidedLabel()
        theme.set_role(self._doing, "secondary")
        self._ways = QButtonGroup(self)
        self._ways.setExclusive(True)
        self._way_buttons: list[QPushButton] = []
        for box, name in ((self._first, "First policy"), (self._second, "Second policy")):
            box.setAccessibleName(name)
            box.setToolTip(f"{name}: drives from the step that is shown")
        self._roll.setToolTip(shortcuts.tooltip("Let both policies drive from here in simulation", "inspect_roll"))
        self._roll.setAccessibleName("Roll forward")
        theme.set_icon(self._roll, "mdi6.source-fork")
        for button in (self._roll, self._cancel):
            theme.set_role(button, "control")
        self._row = QHBoxLayout(self)
        theme.space(self._row, (0, 0, 0, 0), 6)
        for widget in (self._title, self._first, self._second, self._roll, self._progress, self._cancel, self._doing):
            self._row.addWidget(widget)
        self._row.setStretch(6, 1)
        theme.bound(self._progress, most_width=96)
        self._roll.clicked.connect(self.roll_asked)
        self._cancel.clicked.connect(self.cancel_asked)
        self._ways.idClicked.connect(self._way_clicked)
        self.show_working(None)

    @property
    def policies(self) -> tuple[str, ...]:
        """The two chosen, once where they are the same."""
        chosen = (box.currentData() for box in (self._first, self._second))
        return tuple(dict.fromkeys(each for each in chosen if each))

    @property
    def way(self) -> int:
        """Which way is looked at; −1: the recording."""
        return max(self._ways.checkedId() - 1, -1)

    def offer(self, policies: Sequence[Choice], first: str, second: str) -> None:
        """Offer these; ``first`` and ``second`` are chosen unless something was before."""
        for box, wanted in ((self._first, first), (self._second, second)):
            chosen = box.currentData()
            with QSignalBlocker(box):
                box.clear()
                for each in policies:
                    box.addItem(each.title, each.reference)
                place = box.findData(chosen) if chosen else -1
                box.setCurrentIndex(place if place >= 0 else max(box.findData(wanted), 0))
        if self._second.currentIndex() == self._first.currentIndex() and len(policies) > 1:
            with QSignalBlocker(self._second):
                self._second.setCurrentIndex(1 if self._first.currentIndex() == 0 else 0)
        self.setEnabled(bool(policies))

    def block(self, problem: str) -> None:
        """Say why nothing can be rolled forward from this episode, in place of the choices; empty: it can."""
        self.setEnabled(not problem)
        for widget in (self._first, self._second, self._roll):
            widget.setVisible(not problem)
        self.say(problem)

    def set_compact(self, compact: bool) -> None:
        """Show the buttons without their words, or with them."""
        self._title.setVisible(not compact)
        self._roll.setText("" if compact else "Roll forward")

    def show_working(self, doing: str | None, fraction: float = 0.0) -> None:
        """Show what is being done, or None: nothing is."""
        working = doing is not None
        for widget in (self._progress, self._cancel):
            widget.setVisible(working)
        self._roll.setVisible(not working)
        self._progress.setValue(round(100 * fraction))
        if working:
            self.say(doing or "")

    def say(self, text: str) -> None:
        """Say what came of it."""
        self._doing.set_full_text(text)

    def show_ways(self, titles: Sequence[str]) -> None:
        """Offer the recording and these ways to look at; none: take the choice away."""
        for button in self._way_buttons:
            self._ways.removeButton(button)
            self._row.removeWidget(button)
            button.deleteLater()
        self._way_buttons = []
        for number, title in enumerate((RECORDED, *titles) if titles else ()):
            button = QPushButton(title)
            button.setCheckable(True)
            button.setChecked(number == 0)
            button.setToolTip("Watch what was recorded" if number == 0 else f"Watch what {title} would have done")
            theme.set_role(button, "control")
            self._ways.addButton(button, number)
            self._way_buttons.append(button)
            self._row.insertWidget(self._row.count() - 1, button)
        for button, colour in zip(self._way_buttons, ("policy", *COLOURS), strict=False):
            theme.set_icon(button, "mdi6.circle", colour, 10)

    def choose_way(self, number: int) -> None:
        """Show which way is looked at."""
        button = self._ways.button(number + 1)
        if button is not None:
            button.setChecked(True)

    def _way_clicked(self, number: int) -> None:
        self.way_chosen.emit(number - 1)
