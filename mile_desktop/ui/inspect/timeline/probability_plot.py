"""p over a recording: as the operator saw it with its band, the forecast, and as another model sees it now."""

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Signal
from PySide6.QtGui import QPainter

from mile_desktop.ui.inspect.model import RecordedEpisode
from mile_desktop.ui.inspect.timeline.timeline_plot import TimelinePlot
from mile_desktop.ui.plots.probability_strip import THRESHOLD_RANGE
from mile_desktop.ui.plots.strip_plot import Band
from mile_desktop.ui.theme import theme


@dataclass(frozen=True, slots=True, eq=False)
class Appraisal:
    """p of every row as some model sees it now."""

    title: str
    """In a few words, for the legend."""
    probability: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    """float64[t] each; NaN where it says nothing."""
    forecast: NDArray[np.float64]


class ProbabilityTimeline(TimelinePlot):
    """The upper plot; the threshold decides what counts as a miss or a false alarm."""

    threshold_moved = Signal(float)

    def __init__(self) -> None:
        super().__init__((-0.06, 1.22))
        self._appraisal: Appraisal | None = None
        self._band, self._band_now = Band(), Band()
        self._forecast, self._line, self._now = (
            pg.PlotCurveItem(connect="finite", skipFiniteCheck=False, antialias=True) for _ in range(3)
        )
        self._threshold = pg.InfiniteLine(pos=0.5, angle=0, movable=True, bounds=THRESHOLD_RANGE)
        for item in (self._band_now, self._band, self._forecast, self._now, self._line, self._threshold):
            self.addItem(item, ignoreBounds=True)
        self._threshold.sigDragged.connect(self._dragged)
        self.getAxis("left").setTicks([[(0.0, "0"), (0.5, ".5"), (1.0, "1")]])
        self.getAxis("left").setLabel("p")
        self.getAxis("bottom").setStyle(showValues=False)
        self.empty_text = "p(intervene) of the chosen episode appears here."
        self.setAccessibleName("Probability of an intervention over time")
        self.restyle()

    @property
    def threshold(self) -> float:
        """P above which an alarm would have been raised."""
        return float(self._threshold.value())

    def set_threshold(self, value: float) -> None:
        """Move the line without telling anybody."""
        self._threshold.setValue(value)
        self._forget_still()

    def show_recording(self, recording: RecordedEpisode | None) -> None:
        """Draw p as it was shown; what another model said of the recording before goes."""
        super().show_recording(recording)
        self.show_appraisal(None)
        window = self._window
        self._band.set_data(window.time, window.low, window.high)
        self._line.setData(window.time, window.probability)
        self._forecast.setData(window.time, window.forecast)

    def show_appraisal(self, appraisal: Appraisal | None) -> None:
        """Draw p as a model sees it now beside p as it was shown."""
        self._appraisal = appraisal
        time, nothing = self._window.time, np.empty(0)
        if appraisal is None or len(appraisal.probability) != len(time):
            self._band_now.set_data(nothing, nothing, nothing)
            self._now.setData(nothing, nothing)
        else:
            self._band_now.set_data(time, appraisal.low, appraisal.high)
            self._now.setData(time, appraisal.probability)
        self._forget_still()

    def restyle(self) -> None:
        """Take colours and sizes from the theme."""
        super().restyle()
        self.getPlotItem().showGrid(x=False, y=True, alpha=0.12)
        self.getAxis("bottom").setHeight(theme.px(4))
        self._band.set_colour(theme.token("policy", 0.22))
        self._band_now.set_colour(theme.token("success", 0.16))
        self._line.setPen(theme.pen("policy", 1.6))
        self._now.setPen(theme.pen("success", 1.6))
        self._forecast.setPen(theme.pen("text", 1.0, alpha=0.7))
        self._threshold.setPen(theme.pen("threshold", 1.4, dashed=True))
        self._threshold.setHoverPen(theme.pen("threshold", 2.6, dashed=True))

    def mousePressEvent(self, event: object) -> None:
        """Let the threshold be dragged where it is, else scrub."""
        if self._near_threshold(event.position()):  # type: ignore[attr-defined]
            pg.PlotWidget.mousePressEvent(self, event)
        else:
            super().mousePressEvent(event)  # type: ignore[arg-type]

    def mouseMoveEvent(self, event: object) -> None:
        """Drag the threshold where that was begun."""
        pg.PlotWidget.mouseMoveEvent(self, event)
        if not self._threshold.moving:
            super().mouseMoveEvent(event)  # type: ignore[arg-type]

    def mouseReleaseEvent(self, event: object) -> None:
        """End whatever was begun."""
        pg.PlotWidget.mouseReleaseEvent(self, event)
        super().mouseReleaseEvent(event)  # type: ignore[arg-type]

    def _near_threshold(self, position: QPointF) -> bool:
        self._measure()
        return abs(position.y() - self.y_pixel(self.threshold)) <= theme.px(4)

    def _dragged(self) -> None:
        self.threshold_moved.emit(self.threshold)
        self._forget_still()

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        """Say which line is which."""
        super().drawForeground(painter, rect)
        if not len(self._window):
            return
        words = [("p as shown", "policy")]
        if np.isfinite(self._window.forecast).any():
            words.append(("forecast", "text"))
        if self._appraisal is not None:
            words.append((f"p {self._appraisal.title}", "success"))
        words.append((f"threshold {self.threshold:.2f}", "threshold"))
        self.paint_legend(painter, words)

    @property
    def appraisal(self) -> Appraisal | None:
        """What is drawn beside p as it was shown."""
        return self._appraisal
