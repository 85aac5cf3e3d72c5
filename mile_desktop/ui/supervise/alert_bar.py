"""The line above the strips: p now, the model behind it, and when the alarm is raised."""

import math

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QPushButton,
    QSpinBox,
    QWidget,
)

from mile_desktop.rollout.messages import SetAlert, StepTaken
from mile_desktop.ui.plots.probability_strip import THRESHOLD_RANGE
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.call_reasons_button import CallReasonsButton
from mile_desktop.ui.widgets.elided_label import ElidedLabel
from mile_desktop.ui.widgets.override_guard import OverrideGuard
from mile_desktop.ui.widgets.wrapping_row import WrappingRow

_CONTRADICTING_STEPS = 10
_BELIEFS = {
    "forecast": "Believe the forecast, not p: it has seen how attempts end",
    "p": "Believe p, not the forecast: it has not learned from you yet",
    "": "Watch the robot: p and the forecast disagree, and neither has proved itself yet",
}
"""Caller → which number to believe where they disagree. What to do comes first, because a narrow window cuts off the
end."""
_WIDEST_FIGURE = "p 0.00  [0.00–0.00]"


class AlertBar(OverrideGuard, QWidget):
    """Shows p and the model behind it; sets threshold, duration, "Ask me" and the time span of the strips."""

    alert_changed = Signal(object)
    """Carries the new ``SetAlert``."""
    whole_episode_toggled = Signal(bool)
    line_chosen = Signal(str, int)
    """How the threshold is chosen (``by hand``, ``calls`` or ``missed``) and its number."""
    moment_chosen = Signal(str, int)
    """Episode and step of a recorded moment that the person wants to see."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._figure = QLabel("p –")
        theme.set_role(self._figure, "figure")
        self._figure.setAccessibleName("Probability that you take over")
        self._basis = ElidedLabel()
        self._known_basis = ""
        self._meaning = ""
        self._budget_used = False
        self._rule = SetAlert(threshold=0.5, debounce_steps=3, ask_me=False)
        self._step: StepTaken | None = None
        self._caller = ""
        self._contradicting = 0
        self._hovering = False
        theme.set_role(self._basis, "secondary")
        self.call = CallReasonsButton()
        self.call.moment_chosen.connect(self.moment_chosen)
        self._line = _line_box()
        self._line.activated.connect(self._line_picked)
        self._threshold = _threshold_box()
        self._debounce = _debounce_box()
        self._ask_me = QCheckBox("Ask me")
        self._ask_me.setToolTip("The robot holds and asks for help when p stays above the threshold")
        self._whole = QPushButton("Episode")
        self._whole.setCheckable(True)
        self._whole.setToolTip("Show the whole episode instead of the last 30 seconds")
        theme.set_role(self._whole, "quiet")
        self._lay_out()
        for box in (self._threshold, self._debounce):
            # After Enter the field gives up the focus, so that the keys drive the robot again.
            box.editingFinished.connect(box.clearFocus)
        self._threshold.valueChanged.connect(self._changed)
        self._debounce.valueChanged.connect(self._changed)
        self._ask_me.toggled.connect(self._changed)
        self._whole.toggled.connect(self.whole_episode_toggled)

    def _lay_out(self) -> None:
        row = self._row = WrappingRow(self)
        theme.space(row, (12, 4, 8, 0), 8)
        row.addWidget(self._figure)
        row.addWidget(self.call)
        # The model text is the least important part of the line, so it alone is shortened when the line is narrow.
        row.addWidget(self._basis, 1)
        for widget in (self._line, self._threshold, self._debounce, self._ask_me, self._whole):
            row.addWidget(widget)

    @property
    def alert(self) -> SetAlert:
        """The alarm as set in the fields."""
        return msgspec.structs.replace(
            self._rule,
            # The field computes with binary fractions; without this 0.3 would be stored as 0.30000000000000004.
            threshold=round(self._threshold.value(), 2),
            debounce_steps=self._debounce.value(),
            ask_me=self._ask_me.isChecked(),
        )

    def set_let_go(self, value: float) -> None:
        """Use another lower line, without emitting ``alert_changed``."""
        self._rule = msgspec.structs.replace(self._rule, let_go=round(value, 2))

    def set_line(self, way: str, number: int) -> None:
        """Show how the threshold is chosen, without a signal."""
        place = next((each for each in range(self._line.count()) if self._line.itemData(each) == (way, number)), -1)
        if place < 0:
            self._line.addItem(_line_text(way, number), (way, number))
            place = self._line.count() - 1
        self._line.setCurrentIndex(place)

    def show_meaning(self, text: str, *, budget_used: bool = False) -> None:
        """Note what the line means on the recorded episodes; the line itself shows it, this bar has it as a tooltip."""
        if (text, budget_used) != (self._meaning, self._budget_used):
            self._meaning, self._budget_used = text, budget_used
            self._refresh_basis()

    def set_alert(self, alert: SetAlert) -> None:
        """Show ``alert`` without emitting ``alert_changed``."""
        # The fields are set one after another; without blocking, the first would emit an alert that mixes old and new.
        self._rule = alert
        for widget in (self._threshold, self._debounce, self._ask_me):
            widget.blockSignals(True)
        self._threshold.setValue(alert.threshold)
        self._debounce.setValue(alert.debounce_steps)
        self._ask_me.setChecked(alert.ask_me)
        for widget in (self._threshold, self._debounce, self._ask_me):
            widget.blockSignals(False)

    def show_threshold(self, value: float) -> None:
        """Show the threshold while its line is dragged, without emitting ``alert_changed``.

        The worker gets the value when the line is released, not at every pixel of the drag.
        """
        self._threshold.blockSignals(True)
        self._threshold.setValue(value)
        self._threshold.blockSignals(False)

    def show_step(self, taken: StepTaken) -> None:
        """Show p and its interval, and which number to believe where p and the forecast contradict each other."""
        self._step = taken
        self._show_figure()
        before = self._belief
        contradict = contradict_each_other(taken.probability, taken.forecast, self._rule)
        # Counted up and down: a single step on one side of a line must not make the text flicker.
        self._contradicting = min(max(self._contradicting + (1 if contradict else -1), 0), 2 * _CONTRADICTING_STEPS)
        if self._belief != before:
            self._refresh_basis()
            self._show_figure()

    def show_caller(self, calls_by: str) -> None:
        """Note which number calls."""
        if calls_by != self._caller:
            self._caller = calls_by
            self._refresh_basis()

    @property
    def _belief(self) -> str:
        return _BELIEFS[self._caller] if self._contradicting >= _CONTRADICTING_STEPS else ""

    @property
    def step(self) -> int:
        """Number of the step whose p is shown; −1 while none is."""
        return -1 if self._step is None else self._step.step

    def forget_step(self) -> None:
        """Show no p."""
        believed, self._contradicting = self._belief, 0
        if believed:
            self._refresh_basis()  # the numbers that it was about are not shown any more
        if self._step is not None:
            self._step = None
            self._figure.setText("p –")

    def show_basis(self, basis: str) -> None:
        """Show which model p comes from, unless the values under the mouse are shown there now."""
        if basis == self._known_basis:
            return
        self._known_basis = basis
        self._refresh_basis()

    def _refresh_basis(self) -> None:
        hint = f"p(intervene) comes from: {self._known_basis}"
        hint = f"{self._belief}\n{hint}" if self._belief else hint
        self._basis.set_hint(f"{hint}\nThis line in recorded episodes: {self._meaning}" if self._meaning else hint)
        if not self._hovering:
            self._basis.set_full_text(self.basis_text)

    @property
    def basis_text(self) -> str:
        """What stands beside p, before it is shortened to the width."""
        # The model last: a narrow window cuts off the end, and the model changes least.
        used = "budget used: no further call for now" if self._budget_used else ""
        return " · ".join(filter(None, (self._belief, used, self._known_basis)))

    def show_call(self, reasons: str, rate_hz: float) -> None:
        """Show why the alarm is on; empty: the alarm is off, and the last call can still be looked at."""
        self.call.show_reasons(reasons, rate_hz)

    def show_hover(self, text: str) -> None:
        """Show the values under the mouse in place of the model; an empty text brings the model back."""
        self._hovering = bool(text)
        self._basis.set_full_text(text or self.basis_text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the interval out when the bar is narrow."""
        super().resizeEvent(event)
        self._show_figure()

    def _show_figure(self) -> None:
        taken = self._step
        if taken is not None:
            # p itself must never be cut off.
            low, high = (taken.low, taken.high) if self._has_room_for_interval() else (math.nan, math.nan)
            self._figure.setText(probability_text(taken.probability, low, high))

    def _has_room_for_interval(self) -> bool:
        """Return whether the interval leaves all controls on one line.

        It is decided by the widest figure and not by the present one: a second line that comes and goes with the
        digits of p would move the strips below up and down while the robot drives. Which number to believe is worth
        more than the interval, which is in the plot, too.
        """
        if self._belief:
            return False
        metrics = self._figure.fontMetrics()
        more = metrics.horizontalAdvance(_WIDEST_FIGURE) - metrics.horizontalAdvance(self._figure.text())
        return self._row.one_line_width() + more <= self.width()

    def _line_picked(self, place: int) -> None:
        way, number = self._line.itemData(place)
        self.line_chosen.emit(way, number)
        self._line.clearFocus()  # the keys drive the robot again

    def _changed(self) -> None:
        self.alert_changed.emit(self.alert)


def contradict_each_other(probability: float, forecast: float, rule: SetAlert) -> bool:
    """Return whether one of the two numbers would call and the other one would end a call; NaN contradicts nothing."""
    upper, lower = max(probability, forecast), min(probability, forecast)
    return upper >= rule.threshold and lower < min(rule.let_go, rule.threshold)


def probability_text(probability: float, low: float, high: float) -> str:
    """Return ``p 0.23 [0.15–0.31]``; without the interval or the number where it is NaN."""
    if math.isnan(probability):
        return "p –"
    if math.isnan(low) or math.isnan(high):
        return f"p {probability:.2f}"
    return f"p {probability:.2f}  [{low:.2f}–{high:.2f}]"


_CALLS, _MISSED = (1, 2, 3, 5, 10, 20), (5, 10, 20, 30)


def _line_box() -> QComboBox:
    box = QComboBox()
    for way, numbers in (("by hand", (0,)), ("calls", _CALLS), ("missed", _MISSED)):
        for number in numbers:
            box.addItem(_line_text(way, number), (way, number))
    box.setItemData(0, "Drag the line or set its value", Qt.ItemDataRole.ToolTipRole)
    box.setToolTip(
        "How the line for the alarm is chosen. A budget of calls is kept while the robot drives. "
        "A share of unannounced takeovers is promised as long as you and the policy act as in the recorded takeovers."
    )
    box.setAccessibleName("Way to choose the alarm threshold")
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(14)
    theme.bound(box, most_width=192)
    return box


def _line_text(way: str, number: int) -> str:
    if way == "calls":
        return f"≤ {number} call{'s' if number > 1 else ''} in 10 min"
    return f"≤ {number} % unannounced" if way == "missed" else "Alarm threshold"


def _threshold_box() -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(*THRESHOLD_RANGE)
    box.setSingleStep(0.05)
    box.setValue(0.5)
    box.setKeyboardTracking(False)  # while "0.65" is typed, "0" and "0.6" must not become thresholds
    box.setAlignment(Qt.AlignmentFlag.AlignRight)
    theme.bound(box, width=80)
    box.setToolTip("The alarm is raised when p stays above this value")
    box.setAccessibleName("Alarm threshold")
    return box


def _debounce_box() -> QSpinBox:
    box = QSpinBox()
    box.setRange(1, 100)
    box.setValue(3)
    box.setPrefix("for ")
    box.setSuffix(" steps")
    box.setAlignment(Qt.AlignmentFlag.AlignRight)
    box.setKeyboardTracking(False)
    theme.bound(box, width=108)
    box.setToolTip("How long p must stay above the threshold before the alarm is raised")
    box.setAccessibleName("Alarm duration in steps")
    return box
