"""p(intervene) over time with its interval, the forecast, and the alarm threshold, which can be dragged."""

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from mile_desktop.storage.reasons import decode_reasons, reasons_text
from mile_desktop.ui.plots.plot_export import PlotExport
from mile_desktop.ui.plots.strip_model import StripWindow
from mile_desktop.ui.plots.strip_plot import Band, Label, StripPlot
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.discrete_actions import choice_text

# At the very edge the line could hardly be grasped again.
THRESHOLD_RANGE = (0.02, 0.98)
_LEAST_GAP = 0.12
"""Lines nearer than this share one label: two would cover each other."""


class ProbabilityStrip(StripPlot):
    """p(intervene) under the view; the dashed line is the alarm threshold."""

    threshold_moved = Signal(float)
    """While the line is being dragged."""
    threshold_set = Signal(float)
    """When the line has been released."""
    let_go_set = Signal(float)
    """When the lower line has been released."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__((-0.06, 1.06), parent)  # a line at 0 or 1 is drawn in full width
        self.setAccessibleName("p(intervene) over time")
        self.export = PlotExport(self, "p(intervene) over time", self.numbers)
        self._has_time_axis = False
        self._band_in_force = False
        self._meaning = ""
        self.rate_hz = 20.0
        """Control steps a second: turns the steps of a reason into seconds."""
        self._band = Band()
        self._forecast = pg.PlotCurveItem(connect="finite", skipFiniteCheck=False, antialias=False)
        self._line = pg.PlotCurveItem(connect="finite", skipFiniteCheck=False, antialias=True)
        self._usual = pg.PlotCurveItem(connect="finite", skipFiniteCheck=False, antialias=False)
        self._usual.setVisible(False)
        self._threshold = pg.InfiniteLine(pos=0.5, angle=0, movable=True, bounds=THRESHOLD_RANGE)
        self._let_go = pg.InfiniteLine(pos=0.25, angle=0, movable=True, bounds=THRESHOLD_RANGE)
        # In this order: what is added later covers what was added before, and the lines that can be dragged lie on top.
        for item in (self._band, self._usual, self._forecast, self._line, self._let_go, self._threshold):
            self.addItem(item, ignoreBounds=True)
        for curve in (self._line, self._forecast, self._usual):
            # For Qt's raster engine, one long antialiased path costs twice as much as its segments one by one.
            curve.setSegmentedLineMode("on")
        # ``sigDragged`` comes for every pixel and moves only the display; the worker gets the value on release.
        self._threshold.sigDragged.connect(self._dragged)
        self._threshold.sigPositionChangeFinished.connect(self._released)
        self._let_go.sigDragged.connect(self._repaint)
        self._let_go.sigPositionChangeFinished.connect(self._lower_released)
        self.getAxis("left").setTicks([[(0.2, ".2"), (0.5, ".5"), (0.8, ".8")]])
        self.getAxis("left").setLabel("p")
        self.getAxis("bottom").setLabel("time before now, s")
        self.empty_text = "p(intervene) appears here as soon as the robot moves. Press Start."
        self.restyle()
        self.setToolTip(
            "Drag the dashed line to set the alarm threshold. Drag the dotted line to set the lower value, at which an "
            "alarm ends and you can let go"
        )

    @property
    def meaning(self) -> str:
        """What the line means on recorded episodes, shown at the line."""
        return self._meaning

    @meaning.setter
    def meaning(self, text: str) -> None:
        if text != self._meaning:
            self._meaning = text
            # Counts arrive after an episode, when no step is drawn that would paint the text.
            self._repaint()

    @property
    def threshold(self) -> float:
        """The p above which the alarm is raised."""
        return float(self._threshold.value())

    def set_threshold(self, value: float) -> None:
        """Move the line without emitting a signal."""
        self._threshold.setValue(value)
        self.viewport().update()

    @property
    def let_go(self) -> float:
        """The lower line: below it an alarm ends, and a person who drives may let go."""
        return float(self._let_go.value())

    def set_let_go(self, value: float) -> None:
        """Move the lower line without emitting a signal."""
        self._let_go.setValue(value)
        self.viewport().update()

    @property
    def dragging(self) -> bool:
        """Whether one of the lines is being dragged."""
        return bool(self._threshold.moving or self._let_go.moving)

    def show_window(self, window: StripWindow) -> None:
        """Draw p, its interval and the forecast."""
        super().show_window(window)
        self._band.set_data(window.time, window.low, window.high)
        self._line.setData(*window.broken(window.probability))
        has_forecast = bool(np.isfinite(window.forecast).any())
        # Hidden and not drawn empty: an item costs time even without points.
        self._forecast.setVisible(has_forecast)
        if has_forecast:
            self._forecast.setData(*window.broken(window.forecast))
        self._show_usual(window)
        self.set_labels(*_end_labels(window))

    def _show_usual(self, window: StripWindow) -> None:
        """Draw the edge of a new policy's band; where it counts now, the lines that a person has set are faint."""
        usual = window.usual
        shown = usual is not None and bool(np.isfinite(usual).any())
        self._usual.setVisible(shown)
        if usual is not None and shown:
            self._usual.setData(*window.broken(usual))
        in_force = usual is not None and len(usual) > 0 and _shown(usual[-1])
        if in_force != self._band_in_force:
            self._band_in_force = in_force
            self._style_lines()

    def show_time_axis(self, shown: bool) -> None:
        """Show the time axis; it is hidden while another strip with a time axis stands below."""
        self._has_time_axis = shown
        self.getAxis("bottom").setStyle(showValues=shown)
        self.getAxis("bottom").showLabel(shown)
        self.getAxis("bottom").setHeight(theme.px(34 if shown else 4))
        theme.bound(self, least_height=92 if shown else 56)

    def restyle(self) -> None:
        """Take colours and sizes from the theme."""
        super().restyle()
        self.show_time_axis(self._has_time_axis)
        self.getPlotItem().showGrid(x=False, y=True, alpha=0.12)
        self._band.set_colour(theme.token("policy", 0.22))
        self._line.setPen(theme.pen("policy", 1.5))
        self._forecast.setPen(theme.pen("text", 1.0, alpha=0.75))
        self._usual.setPen(theme.pen("threshold", 1.6))
        self._style_lines()

    def _style_lines(self) -> None:
        # They can still be dragged, for the time when the policy is no longer new.
        alpha = 0.35 if self._band_in_force else 1.0
        self._threshold.setPen(theme.pen("threshold", 1.4, dashed=True, alpha=alpha))
        self._threshold.setHoverPen(theme.pen("threshold", 2.6, dashed=True))
        lower = theme.pen("threshold", 1.2, alpha=0.7 * alpha)
        lower.setStyle(Qt.PenStyle.DotLine)
        self._let_go.setPen(lower)
        self._let_go.setHoverPen(theme.pen("threshold", 2.4))

    def show_lines(self, shown: bool) -> None:
        """Show the alarm's two lines, or hide them: in a study a participant must not move them."""
        self._threshold.setVisible(shown)
        self._let_go.setVisible(shown)

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        """Paint the labels, and the threshold's value on its line."""
        super().drawForeground(painter, rect)
        # Both stand in the same corner; what the mouse asks for comes first.
        if self._paint_why(painter) or not self._threshold.isVisible():
            return
        painter.setPen(theme.token("threshold"))
        painter.setFont(theme.font("secondary"))
        above = self.threshold < 0.85  # a label above a higher line would leave the plot
        y = self.y_pixel(self.threshold) + (-theme.px(4) if above else theme.px(12))
        text = " · ".join(filter(None, (f"alarm above {self.threshold:.2f}", self.meaning)))
        if self._band_in_force:
            text = "new policy: alarm above the solid line, which its successes stay below"
        left = self._area.left() + theme.px(6)
        self.paint_text(painter, QPointF(left, y), text)
        if self.threshold - self.let_go > _LEAST_GAP:
            lower = QPointF(left, self.y_pixel(self.let_go) - theme.px(4))
            self.paint_text(painter, lower, f"let go below {self.let_go:.2f}")

    def _paint_why(self, painter: QPainter) -> bool:
        """Paint the reasons at the mouse, on the side of its line that has more room; return whether there are any."""
        text = why_text(self._window, self._hover, self.rate_hz) if self._hover is not None else ""
        if not text or self._hover is None:
            return False
        painter.setFont(theme.font("secondary"))
        metrics, area, x = painter.fontMetrics(), self._area, self.x_pixel(self._hover)
        right = x < area.center().x()
        gap = theme.px(6)
        room = (area.right() - x if right else x - area.left()) - 3 * gap
        text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, round(room)))
        width = metrics.horizontalAdvance(text) + 2 * gap
        box = QRectF(x + gap if right else x - gap - width, area.top() + theme.px(2), width, metrics.height())
        painter.fillRect(box, theme.brush("ground", 0.9))
        painter.setPen(theme.token("text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        return True

    def _dragged(self) -> None:
        self.threshold_moved.emit(self.threshold)
        self.viewport().update()

    def _repaint(self) -> None:
        self.viewport().update()

    def _lower_released(self) -> None:
        self.let_go_set.emit(self.let_go)

    def _released(self) -> None:
        self.threshold_set.emit(self.threshold)


def _end_labels(window: StripWindow) -> list[Label]:
    if not len(window):
        return []
    newest = (("p", "policy", window.probability[-1]), ("forecast", "text", window.forecast[-1]))
    return [Label(f"{name} {value:.2f}", colour, float(value)) for name, colour, value in newest if _shown(value)]


def _shown(value: float) -> bool:
    return not math.isnan(value)


def hover_text(window: StripWindow, time: float, choices: Sequence[str] = ()) -> str:
    """Return the values at ``time`` (s): step, p, interval, forecast, who drove, and a discrete action."""
    index = window.nearest(time)
    if index is None:
        return ""
    parts = [f"step {int(window.step[index])}"]
    p, low, high = window.probability[index], window.low[index], window.high[index]
    if _shown(p):
        parts.append(f"p {p:.2f} [{low:.2f}–{high:.2f}]" if _shown(low) and _shown(high) else f"p {p:.2f}")
    if _shown(window.forecast[index]):
        parts.append(f"forecast {window.forecast[index]:.2f}")
    parts.append("operator drove" if window.human[index] else "policy drove")
    if choices:
        parts.append(choice_text(window.proposed[index].tolist(), window.executed[index].tolist(), choices))
    return " · ".join(parts)


def why_text(window: StripWindow, time: float, rate_hz: float = 20.0) -> str:
    """Return the reasons at ``time`` (s); empty where the forecast was no higher than usual."""
    index = window.nearest(time)
    if index is None or not window.reasons:
        return ""
    return reasons_text(decode_reasons(window.reasons[index]), rate_hz)
