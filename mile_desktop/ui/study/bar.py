"""The line of a study: progress and the next episode for the participant, a small menu for the experimenter."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QPushButton, QToolButton, QWidget

from mile_desktop.ui.study.model import EpisodePrompt
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.elided_label import ElidedLabel


class StudyBar(QFrame):
    """Stands above the buttons of the Supervise page while a participant's episodes run, else hidden."""

    begin_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "panel")
        self._progress = QLabel()
        theme.set_role(self._progress, "heading")
        self._text = ElidedLabel()
        self.begin = QPushButton("Begin episode")
        theme.set_role(self.begin, "primary")
        self.menu = ExperimenterMenu()
        row = QHBoxLayout(self)
        theme.space(row, (12, 8, 12, 8), 12)
        row.addWidget(self._progress)
        row.addWidget(self._text, 1)
        row.addWidget(self.begin)
        row.addWidget(self.menu)
        self.begin.clicked.connect(self.begin_asked)
        self.hide()

    def show_prompt(self, prompt: EpisodePrompt | None) -> None:
        """Show what comes next; None: no session runs."""
        self.setVisible(prompt is not None)
        if prompt is None:
            return
        self._progress.setText(prompt.progress)
        self._text.set_full_text(prompt.text)
        self.begin.setText(prompt.button or "Begin episode")
        self.begin.setEnabled(bool(prompt.button))

    def offer_without_training(self, *, offered: bool) -> None:
        """Let the experimenter go on with the robot as it was, or not."""
        self.menu.without_training.setVisible(offered)


class ExperimenterMenu(QToolButton):
    """What the experimenter can do at any moment of a session."""

    paused = Signal()
    practice_again = Signal()
    practice_passed = Signal()
    training_skipped = Signal()
    noted = Signal()
    left = Signal()
    aborted = Signal()
    withdrawn = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText("Experimenter")
        self.setAccessibleName("Experimenter")
        self.setToolTip("For the experimenter: pause, practise again, note, leave or end the session, withdrawal")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        for text, signal in (
            ("Pause or go on", self.paused),
            ("Practise again", self.practice_again),
            ("Go on without the criterion", self.practice_passed),
            ("Go on without retraining", self.training_skipped),
            ("Write a note …", self.noted),
            ("Leave the session; it can be continued later", self.left),
            ("End the session early …", self.aborted),
            ("The participant withdraws …", self.withdrawn),
        ):
            action = menu.addAction(text)
            action.triggered.connect(signal)
            if signal is self.training_skipped:
                self.without_training = action
        self.without_training.setVisible(False)
        self.setMenu(menu)
