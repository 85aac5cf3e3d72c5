"""The bar above the scorecard: Score, progress, threshold, Save."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from mile_desktop.ui.theme import theme

LEAST_DIFFERENCE = 0.005
"""The live threshold has two decimals."""


class ScorecardBar(QWidget):
    """Requests by signals; window's thread only."""

    score_requested = Signal()
    cancel_requested = Signal()
    save_requested = Signal()
    worst_requested = Signal()
    """Show the false alarm with the highest number."""
    apply_requested = Signal()
    """Use the threshold for the live alarm."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selected = 0
        self._running = False
        self._score = QPushButton("Score")
        self._cancel = QPushButton("Cancel")
        self._progress = QProgressBar()
        self._text = QLabel()
        self._threshold_name = QLabel("Threshold")
        self.threshold = QDoubleSpinBox()
        self._worst = QPushButton("Worst false alarm")
        self._apply = QPushButton("Use for the alarm")
        self._save = QPushButton("Save …")
        self._set_up()
        self._score.clicked.connect(self.score_requested)
        self._cancel.clicked.connect(self._request_cancel)
        self._save.clicked.connect(self.save_requested)
        self._worst.clicked.connect(self.worst_requested)
        self._apply.clicked.connect(self.apply_requested)
        self.show_card(False)
        self._refresh()

    def _set_up(self) -> None:
        theme.set_icon(self._score, "mdi6.chart-bell-curve-cumulative")
        theme.set_icon(self._cancel, "mdi6.close")
        theme.set_icon(self._save, "mdi6.content-save-outline")
        theme.set_icon(self._worst, "mdi6.bell-alert-outline")
        self._worst.setToolTip("Show the highest false alarm in an episode that ended in success, and list the others")
        self._save.setToolTip("The whole scorecard as PNG or SVG, or every step with every probability as CSV")
        self._progress.setRange(0, 1000)
        self._progress.setTextVisible(False)
        theme.bound(self._progress, most_width=200)
        self._progress.setAccessibleName("Progress of scoring")
        theme.set_role(self._text, "secondary")
        theme.set_role(self._threshold_name, "secondary")
        self.threshold.setRange(0.0, 1.0)
        # Predictors with small probabilities need thresholds below one per cent.
        self.threshold.setDecimals(3)
        self.threshold.setSingleStep(0.01)
        self.threshold.setValue(0.5)
        theme.indent(self.threshold)
        self.threshold.setAccessibleName("Threshold")
        self.threshold.setToolTip("The threshold of these scores; the live alarm keeps its own")
        self._apply.setToolTip("Raise the alarm on the Supervise page above this threshold from now on")
        self._threshold_name.setBuddy(self.threshold)
        row = QHBoxLayout(self)
        theme.space(row, (0, 0, 0, 0), 8)
        begin: tuple[QWidget, ...] = (self._score, self._cancel, self._progress)
        end: tuple[QWidget, ...] = (self._worst, self._threshold_name, self.threshold, self._apply, self._save)
        for widget in begin:
            row.addWidget(widget)
        row.addWidget(self._text, 1)
        for widget in end:
            row.addWidget(widget)

    @property
    def can_score(self) -> bool:
        """Whether episodes are selected, and no scoring runs."""
        return self._selected > 0 and not self._running

    def show_selection(self, episodes: int) -> None:
        """Set how many episodes are selected."""
        self._selected = episodes
        self._refresh()

    def show_progress(self, share: float, text: str) -> None:
        """Show the progress of scoring."""
        self._running = True
        self._cancel.setEnabled(True)
        self._progress.setValue(round(1000 * share))
        self._text.setText(text)
        self._refresh()

    def show_idle(self) -> None:
        """Show that no scoring runs."""
        self._running = False
        self._text.clear()
        self._refresh()

    def show_card(self, shown: bool) -> None:
        """Show or hide the controls of a scorecard."""
        for widget in (self._worst, self._threshold_name, self.threshold, self._apply, self._save):
            widget.setVisible(shown)

    def set_threshold(self, threshold: float) -> None:
        """Show ``threshold``, without a signal."""
        self.threshold.blockSignals(True)
        self.threshold.setValue(threshold)
        self.threshold.blockSignals(False)

    def show_live_threshold(self, threshold: float) -> None:
        """Allow *Use for the alarm* while the live alarm has another threshold."""
        self._apply.setEnabled(abs(threshold - self.threshold.value()) >= LEAST_DIFFERENCE)

    def _request_cancel(self) -> None:
        self._cancel.setEnabled(False)
        self._text.setText("Cancelling …")
        self.cancel_requested.emit()

    def _refresh(self) -> None:
        self._score.setText(f"Score {self._selected} episodes" if self._selected > 1 else "Score every episode")
        self._score.setToolTip("Compute the predictions of every predictor on held-out episodes, in the background")
        self._score.setVisible(not self._running)
        self._score.setEnabled(self._selected > 0)
        for widget in (self._cancel, self._progress):
            widget.setVisible(self._running)
