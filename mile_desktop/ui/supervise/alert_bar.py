"""The line above the strips: the number now, what it rests on, and when a person is called."""

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QWidget,
)

from mile_desktop.rollout.messages import SetAlert, StepTaken
from mile_desktop.ui.plots.probability_strip import THRESHOLD_RANGE
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.elided_label import ElidedLabel

_ROOMY = 600
"""From this width on the band stands beside the number."""


class AlertBar(QWidget):
    """p in figures, its basis, threshold, debounce, "Ask me", and how much time the strips show."""

    alert_changed = Signal(object)
    """Carries the new ``SetAlert``."""
    whole_episode_toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._figure = QLabel("p –")
        theme.set_role(self._figure, "figure")
        self._figure.setAccessibleName("Probability that you take over")
        self._basis = ElidedLabel()
        self._known_basis = ""
        self._taken: StepTaken | None = None
        self._hovering = False
        theme.set_role(self._basis, "secondary")
        self._threshold = _threshold_box()
        self._debounce = _debounce_box()
        self._ask_me = QCheckBox("Ask me")
        self._ask_me.setToolTip("Hold and ask for help by itself when p stays above the threshold")
        self._whole = QPushButton("Episode")
        self._whole.setCheckable(True)
        self._whole.setToolTip("Show the whole episode instead of the last 30 seconds")
        theme.set_role(self._whole, "quiet")
        self._lay_out()
        for box in (self._threshold, self._debounce):
            # Enter means "done here": the keys drive the robot again.
            box.editingFinished.connect(box.clearFocus)
        self._threshold.valueChanged.connect(self._changed)
        self._debounce.valueChanged.connect(self._changed)
        self._ask_me.toggled.connect(self._changed)
        self._whole.toggled.connect(self.whole_episode_toggled)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        theme.space(row, (12, 4, 8, 0), 8)
        row.addWidget(self._figure)
        # the least important of the line gives way first
        row.addWidget(self._basis, 1)
        call, over = QLabel("Call me at"), QLabel("for")
        for label in (call, over):
            theme.set_role(label, "secondary")
        for widget in (call, self._threshold, over, self._debounce, self._ask_me, self._whole):
            row.addWidget(widget)

    @property
    def alert(self) -> SetAlert:
        """What is set."""
        return SetAlert(
            threshold=round(self._threshold.value(), 2),
            debounce_steps=self._debounce.value(),
            ask_me=self._ask_me.isChecked(),
        )

    def set_alert(self, alert: SetAlert) -> None:
        """Show ``alert`` without telling anybody."""
        for widget in (self._threshold, self._debounce, self._ask_me):
            widget.blockSignals(True)
        self._threshold.setValue(alert.threshold)
        self._debounce.setValue(alert.debounce_steps)
        self._ask_me.setChecked(alert.ask_me)
        for widget in (self._threshold, self._debounce, self._ask_me):
            widget.blockSignals(False)

    def show_threshold(self, value: float) -> None:
        """Follow the line while it is dragged, without telling anybody."""
        self._threshold.blockSignals(True)
        self._threshold.setValue(value)
        self._threshold.blockSignals(False)

    def show_step(self, taken: StepTaken) -> None:
        """Write p and its band."""
        self._taken = taken
        self._show_figure()

    def show_basis(self, basis: str) -> None:
        """Write what the number rests on, unless the mouse asks for something else."""
        if basis == self._known_basis:
            return
        self._known_basis = basis
        self._basis.set_hint(f"What p(intervene) rests on: {basis}")
        if not self._hovering:
            self._basis.set_full_text(basis)

    def show_hover(self, text: str) -> None:
        """Write what lies under the mouse in place of the basis; empty brings the basis back."""
        self._hovering = bool(text)
        self._basis.set_full_text(text or self._known_basis)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 – Qt's name
        """Write the number without its band where there is little room."""
        super().resizeEvent(event)
        self._show_figure()

    def _show_figure(self) -> None:
        taken = self._taken
        if taken is not None:
            roomy = self.width() >= theme.px(_ROOMY)
            low, high = (taken.low, taken.high) if roomy else (math.nan, math.nan)
            self._figure.setText(probability_text(taken.probability, low, high))

    def _changed(self) -> None:
        self.alert_changed.emit(self.alert)


def probability_text(probability: float, low: float, high: float) -> str:
    """Return ``p 0.23 [0.15–0.31]``, without the band or the number where there is none."""
    if math.isnan(probability):
        return "p –"
    if math.isnan(low) or math.isnan(high):
        return f"p {probability:.2f}"
    return f"p {probability:.2f}  [{low:.2f}–{high:.2f}]"


def _threshold_box() -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(*THRESHOLD_RANGE)
    box.setSingleStep(0.05)
    box.setValue(0.5)
    box.setKeyboardTracking(False)
    box.setAlignment(Qt.AlignmentFlag.AlignRight)
    theme.bound(box, width=80)
    box.setToolTip("You are called when p stays above this value")
    box.setAccessibleName("Alert threshold")
    return box


def _debounce_box() -> QSpinBox:
    box = QSpinBox()
    box.setRange(1, 100)
    box.setValue(3)
    box.setSuffix(" steps")
    box.setAlignment(Qt.AlignmentFlag.AlignRight)
    box.setKeyboardTracking(False)
    theme.bound(box, width=88)
    box.setToolTip("How long p has to stay above the threshold before you are called")
    box.setAccessibleName("Steps above the threshold before the alert")
    return box
