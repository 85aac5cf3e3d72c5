"""What stands above the scorecard: the button, its progress, the threshold, and saving."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from mile_desktop.ui.theme import theme


class ScorecardBar(QWidget):
    """Says what the person wants; window's thread only."""

    score_asked = Signal()
    cancel_asked = Signal()
    save_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chosen = 0
        self._running = False
        self._score = QPushButton("Score")
        self._cancel = QPushButton("Cancel")
        self._progress = QProgressBar()
        self._text = QLabel()
        self._threshold_name = QLabel("Threshold")
        self.threshold = QDoubleSpinBox()
        self._save = QPushButton("Save …")
        self._dress()
        self._score.clicked.connect(self.score_asked)
        self._cancel.clicked.connect(self._ask_to_cancel)
        self._save.clicked.connect(self.save_asked)
        self.show_card(False)
        self._refresh()

    def _dress(self) -> None:
        theme.set_icon(self._score, "mdi6.chart-bell-curve-cumulative")
        theme.set_icon(self._cancel, "mdi6.close")
        theme.set_icon(self._save, "mdi6.content-save-outline")
        self._save.setToolTip("The whole scorecard as PNG or SVG, or every step with every probability as CSV")
        self._progress.setRange(0, 1000)
        self._progress.setTextVisible(False)
        theme.bound(self._progress, most_width=200)
        self._progress.setAccessibleName("Progress of scoring")
        theme.set_role(self._text, "secondary")
        theme.set_role(self._threshold_name, "secondary")
        self.threshold.setRange(0.0, 1.0)
        self.threshold.setDecimals(3)
        self.threshold.setSingleStep(0.01)
        self.threshold.setValue(0.5)
        theme.indent(self.threshold)
        self.threshold.setAccessibleName("Threshold")
        self.threshold.setToolTip("The alert threshold, also of the live strip")
        self._threshold_name.setBuddy(self.threshold)
        row = QHBoxLayout(self)
        theme.space(row, (0, 0, 0, 0), 8)
        begin: tuple[QWidget, ...] = (self._score, self._cancel, self._progress)
        end: tuple[QWidget, ...] = (self._threshold_name, self.threshold, self._save)
        for widget in begin:
            row.addWidget(widget)
        row.addWidget(self._text, 1)
        for widget in end:
            row.addWidget(widget)

    @property
    def can_score(self) -> bool:
        """Whether there is something to score, and nothing is being scored."""
        return self._chosen > 0 and not self._running

    def show_selection(self, episodes: int) -> None:
        """Know how many episodes are chosen."""
        self._chosen = episodes
        self._refresh()

    def show_progress(self, share: float, text: str) -> None:
        """Show that scoring is at work."""
        self._running = True
        self._cancel.setEnabled(True)
        self._progress.setValue(round(1000 * share))
        self._text.setText(text)
        self._refresh()

    def show_nothing(self) -> None:
        """Show that nothing is at work."""
        self._running = False
        self._text.clear()
        self._refresh()

    def show_card(self, there: bool) -> None:
        """Offer what can be done with scores."""
        for widget in (self._threshold_name, self.threshold, self._save):
            widget.setVisible(there)

    def set_threshold(self, threshold: float) -> None:
        """Show ``threshold`` and say nothing of it."""
        self.threshold.blockSignals(True)
        self.threshold.setValue(threshold)
        self.threshold.blockSignals(False)

    def _ask_to_cancel(self) -> None:
        self._cancel.setEnabled(False)
        self._text.setText("Cancelling …")
        self.cancel_asked.emit()

    def _refresh(self) -> None:
        self._score.setText(f"Score {self._chosen} episodes" if self._chosen > 1 else "Score every episode")
        self._score.setToolTip("Ask every predictor about episodes it has not seen, in the background")
        self._score.setVisible(not self._running)
        self._score.setEnabled(self._chosen > 0)
        for widget in (self._cancel, self._progress):
            widget.setVisible(self._running)
