"""The strips under the view. Steps arrive at the control rate; a timer draws them at the display rate."""

import math
import time
from collections.abc import Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from mile_desktop.rollout.messages import SessionLoaded, SetAlert, Status, StepTaken
from mile_desktop.rollout.phases import IN_EPISODE
from mile_desktop.storage.call_curve import CallCurve
from mile_desktop.ui.plots.action_strip import ActionStrip
from mile_desktop.ui.plots.probability_strip import ProbabilityStrip, hover_text
from mile_desktop.ui.plots.strip_model import StripModel, StripWindow
from mile_desktop.ui.supervise.alert_bar import AlertBar
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard

REDRAW_MS = 66
"""Between two redraws of a strip: 15 a second. A redraw for every step, at up to 30 Hz, would double the work of
drawing and show little more: one step moves a strip of 30 s by one or two pixels."""
RECENT_S = 30.0
_SPAN_STEP_S = 5.0
_LEAST_MOVE = 0.005
"""A line that moves by less is not drawn again: it would be with every status."""


class StripsPanel(OverrideGuard, QFrame):
    """p(intervene) and actions over time; everything runs on the window's thread.

    ``add_step`` only appends to a bounded model. Drawing happens in ``redraw``, by timer and only while the panel is
    visible, so that a slow redraw delays the next one and never the handling of a step.
    """

    alert_changed = Signal(object)
    """Carries the new ``SetAlert``."""
    moment_chosen = Signal(str, int)
    """Episode and step of a recorded moment that the person wants to see."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "panel")
        self._model = StripModel()
        self._episode = 0
        self._whole = False
        self._choices: tuple[str, ...] = ()
        self._rate_hz = 20.0
        self._curve: CallCurve | None = None
        self._drawn = [-1, -1]
        self._next = 0
        self.redraw_ms = 0.0
        """How long the last redraw blocked the event loop, ms, without Qt's painting; read by the benchmarks."""
        self.bar = AlertBar()
        self.probability = ProbabilityStrip()
        self.action_strip = ActionStrip()
        self.action_strip.setXLink(self.probability)  # both show the same times, whichever changes its range
        self._strips = (self.probability, self.action_strip)
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setInterval(REDRAW_MS // 2)
        self._timer.timeout.connect(self._redraw_next)
        self._connect()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        theme.space(column, (0, 4, 4, 4), 0)
        column.addWidget(self.bar)
        column.addWidget(self.probability, 5)
        column.addWidget(self.action_strip, 6)
        theme.bound(self.action_strip, least_height=72)

    def _connect(self) -> None:
        self.bar.alert_changed.connect(self._bar_changed)
        self.bar.moment_chosen.connect(self.moment_chosen)
        self.bar.whole_episode_toggled.connect(self.show_whole_episode)
        self.probability.threshold_moved.connect(self._line_dragged)
        self.probability.let_go_set.connect(self._lower_line_released)
        self.probability.threshold_set.connect(self._line_released)
        self.probability.hovered.connect(self._hovered)
        self.action_strip.hovered.connect(self._hovered)

    @property
    def alert(self) -> SetAlert:
        """The alarm's settings."""
        return self.bar.alert

    def set_alert(self, alert: SetAlert) -> None:
        """Show ``alert`` without emitting ``alert_changed``."""
        self.bar.set_alert(alert)
        self.probability.set_threshold(alert.threshold)
        self.probability.set_let_go(alert.let_go)
        self._show_meaning(alert.threshold)

    def show_curve(self, curve: CallCurve | None) -> None:
        """Use these counts of recorded calls to say what the line means; None: they are not known."""
        self._curve = curve
        self._show_meaning(self.probability.threshold)

    def show_recorded_calls(self, calls: Sequence[str]) -> None:
        """Show the reasons of the last recorded calls, newest first, until the robot calls again."""
        self.bar.call.restore(calls, self._rate_hz)

    def start_session(self, session: SessionLoaded) -> None:
        """Clear the strips and use the action entries and the rate of ``session``."""
        # A new one: the number of action entries may differ between scenes.
        self._model = StripModel(actions=len(session.action_labels), rate_hz=session.rate_hz)
        self._rate_hz = self.probability.rate_hz = session.rate_hz
        self._forget_drawn()
        self.action_strip.set_actions(session.action_labels, discrete=bool(session.choices))
        self.probability.action_names = session.action_labels
        self._choices = session.action_labels if session.choices else ()
        self.bar.show_basis(session.basis)
        self.bar.call.forget()

    def forget(self) -> None:
        """Show no steps and no p: another session is being loaded."""
        self._model = StripModel()
        self._forget_drawn()
        self.bar.forget_step()

    def show_status(self, status: Status) -> None:
        """Note which episode runs and which model p comes from."""
        self._episode = status.episode
        self.bar.show_basis(status.basis)
        self.bar.show_caller(status.calls_by)
        # p is that of the last step: of an episode that has ended, or of a moment before a rewind, it says nothing now.
        if status.phase not in IN_EPISODE or status.step < self.bar.step:
            self.bar.forget_step()
        # An alarm is on until the next step is judged; after the last one of an episode there is none.
        self.bar.show_call(status.call_reasons if status.phase in IN_EPISODE else "", self._rate_hz)
        # The worker moves the line while it keeps a budget; a person who drags it is not disturbed.
        moved = bool(self.alert.most_calls) and abs(status.line - self.probability.threshold) >= _LEAST_MOVE
        if moved and not self.probability.dragging:
            self.probability.set_threshold(status.line)
            self.bar.show_threshold(status.line)
            self._show_meaning(status.line, used=status.budget_used)

    def add_step(self, taken: StepTaken) -> None:
        """Append one step; the timer draws it."""
        self._model.append(taken, self._episode)
        self.bar.show_step(taken)

    def show_whole_episode(self, whole: bool) -> None:
        """Show the whole episode, or the last 30 seconds."""
        self._whole = whole
        self._forget_drawn()  # redraw although no step was added
        for strip in self._strips:
            strip.getAxis("bottom").setLabel("episode time, s" if whole else "time before now, s")
        self.probability.show_time_axis(self.action_strip.isHidden())
        if not whole:
            # The range of a live strip is fixed, so that its scale does not change all the time.
            self.probability.set_span(-RECENT_S, 0.0)
        self.redraw()

    def guide(self, guided: bool) -> None:
        """Show p without the alarm's line, its settings and the model's name: in a study the condition decides them."""
        self.bar.setVisible(not guided)
        self.probability.show_lines(not guided)

    def set_compact(self, compact: bool) -> None:
        """Show p only, or the actions as well."""
        self.action_strip.setVisible(not compact)
        self.probability.show_time_axis(compact)

    def redraw(self) -> None:
        """Draw both strips, if steps were added since the last time."""
        for number in range(len(self._strips)):
            self._redraw(number)

    def _redraw_next(self) -> None:
        # In turn: an event that comes while both are painted would wait twice as long.
        self._redraw(self._next)
        self._next = (self._next + 1) % len(self._strips)

    def _redraw(self, number: int) -> None:
        # Between episodes no step arrives; comparing versions makes those redraws free.
        if self._model.version == self._drawn[number]:
            return
        begun = time.perf_counter()
        self._drawn[number] = self._model.version
        self._strips[number].show_window(self._visible())
        self.redraw_ms = (time.perf_counter() - begun) * 1e3

    def _forget_drawn(self) -> None:
        self._drawn = [-1] * len(self._strips)

    def _visible(self) -> StripWindow:
        if not self._whole:
            return self._model.last_seconds(RECENT_S)
        window = self._model.whole_episode()
        longest = float(window.time[-1]) if len(window) else 0.0
        # The span grows in steps of five seconds: each change of the range makes pyqtgraph lay out the axis again.
        self.probability.set_span(0.0, max(1, math.ceil(longest / _SPAN_STEP_S)) * _SPAN_STEP_S)
        return window

    def _bar_changed(self, alert: SetAlert) -> None:
        self.probability.set_threshold(alert.threshold)
        self.alert_changed.emit(alert)

    def _line_dragged(self, threshold: float) -> None:
        self.bar.show_threshold(threshold)
        self._show_meaning(threshold)

    def _lower_line_released(self, let_go: float) -> None:
        self.bar.set_let_go(let_go)
        self.alert_changed.emit(self.bar.alert)

    def _show_meaning(self, threshold: float, *, used: bool = False) -> None:
        meaning = "" if self._curve is None else self._curve.meaning(threshold)
        self.probability.meaning = meaning
        self.bar.show_meaning(meaning, budget_used=used)

    def _line_released(self, threshold: float) -> None:
        self.bar.show_threshold(threshold)
        self.alert_changed.emit(self.bar.alert)

    def _hovered(self, at: float | None) -> None:
        self.bar.show_hover(hover_text(self._visible(), at, self._choices) if at is not None else "")
        self.probability.show_hover(at)
        self.action_strip.show_hover(at)

    def showEvent(self, event: QShowEvent) -> None:
        """Draw while the panel is visible."""
        super().showEvent(event)
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop drawing while the panel is hidden."""
        super().hideEvent(event)
        self._timer.stop()
