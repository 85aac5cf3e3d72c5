"""Roll forward: two policies to choose, a button, and which of the simulated paths is shown."""

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

from mile_desktop.ui.inspect.model import Option
from mile_desktop.ui.shell import shortcuts
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.elided_label import ElidedLabel

RECORDED = "recorded"
COLOURS = ("success", "threshold")
"""Of the paths of the first and the second policy."""


class RollForwardBar(QWidget):
    """Two lists and a button; progress and Cancel while it runs; then a button for each path. Window's thread only."""

    roll_requested = Signal()
    cancel_requested = Signal()
    path_chosen = Signal(int)
    """−1: the recording, else the number of a policy's path."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = QLabel("Two policies from this step")
        theme.set_role(self._title, "secondary")
        self._first, self._second = QComboBox(), QComboBox()
        self._roll = QPushButton("Roll forward")
        self._cancel = QPushButton("Cancel")
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setRange(0, 100)
        self._message = ElidedLabel()
        theme.set_role(self._message, "secondary")
        self._paths = QButtonGroup(self)
        self._paths.setExclusive(True)
        self._path_buttons: list[QPushButton] = []
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
        for widget in (self._title, self._first, self._second, self._roll, self._progress, self._cancel, self._message):
            self._row.addWidget(widget)
        self._row.setStretch(6, 1)
        theme.bound(self._progress, most_width=96)
        self._roll.clicked.connect(self.roll_requested)
        self._cancel.clicked.connect(self.cancel_requested)
        self._paths.idClicked.connect(self._path_clicked)
        self.show_running(None)

    @property
    def policies(self) -> tuple[str, ...]:
        """The two chosen policies; one where both lists name the same."""
        chosen = (box.currentData() for box in (self._first, self._second))
        return tuple(dict.fromkeys(each for each in chosen if each))

    @property
    def path(self) -> int:
        """Number of the path that is shown; −1: the recording."""
        return max(self._paths.checkedId() - 1, -1)

    def offer(self, policies: Sequence[Option], first: str, second: str) -> None:
        """Fill both lists; ``first`` and ``second`` are chosen unless the person has chosen before."""
        for box, wanted in ((self._first, first), (self._second, second)):
            chosen = box.currentData()
            with QSignalBlocker(box):
                box.clear()
                for each in policies:
                    box.addItem(each.title, each.reference)
                index = box.findData(chosen) if chosen else -1
                box.setCurrentIndex(index if index >= 0 else max(box.findData(wanted), 0))
        # Two paths of the same policy would lie on each other.
        if self._second.currentIndex() == self._first.currentIndex() and len(policies) > 1:
            with QSignalBlocker(self._second):
                self._second.setCurrentIndex(1 if self._first.currentIndex() == 0 else 0)
        self.setEnabled(bool(policies))

    def block(self, problem: str) -> None:
        """Show why nothing can be rolled forward from this episode, in place of the lists; empty: it can."""
        self.setEnabled(not problem)
        for widget in (self._first, self._second, self._roll):
            widget.setVisible(not problem)
        self.show_message(problem)

    def set_compact(self, compact: bool) -> None:
        """Show icons only, or icons with text."""
        self._title.setVisible(not compact)
        self._roll.setText("" if compact else "Roll forward")

    def show_running(self, text: str | None, fraction: float = 0.0) -> None:
        """Show what the job is doing; None: no job runs."""
        running = text is not None
        for widget in (self._progress, self._cancel):
            widget.setVisible(running)
        self._roll.setVisible(not running)
        self._progress.setValue(round(100 * fraction))
        if running:
            self.show_message(text or "")

    def show_message(self, text: str) -> None:
        """Show a sentence about the last job."""
        self._message.set_full_text(text)

    def show_paths(self, titles: Sequence[str]) -> None:
        """Show a button for the recording and for each of these paths; none: no buttons."""
        for button in self._path_buttons:
            self._paths.removeButton(button)
            self._row.removeWidget(button)
            button.deleteLater()
        self._path_buttons = []
        for number, title in enumerate((RECORDED, *titles) if titles else ()):
            button = QPushButton(title)
            button.setCheckable(True)
            button.setChecked(number == 0)
            button.setToolTip("Watch the recording" if number == 0 else f"Watch what {title} would have done")
            theme.set_role(button, "control")
            self._paths.addButton(button, number)
            self._path_buttons.append(button)
            self._row.insertWidget(self._row.count() - 1, button)
        for button, colour in zip(self._path_buttons, ("policy", *COLOURS), strict=False):
            theme.set_icon(button, "mdi6.circle", colour, 10)

    def choose_path(self, number: int) -> None:
        """Press the button of path ``number``, without a signal; −1: of the recording."""
        button = self._paths.button(number + 1)
        if button is not None:
            button.setChecked(True)

    def _path_clicked(self, number: int) -> None:
        self.path_chosen.emit(number - 1)
