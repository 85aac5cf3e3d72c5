"""p over a recording: as the operator saw it with its band, the forecast, and as a model predicts it now."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Signal
from PySide6.QtGui import QPainter

from mile_desktop.ui.inspect.model import RecordedEpisode
from mile_desktop.ui.inspect.timeline.model import Prediction
from mile_desktop.ui.inspect.timeline.timeline_plot import TimelinePlot
from mile_desktop.ui.plots.probability_strip import THRESHOLD_RANGE
from mile_desktop.ui.plots.strip_plot import Band
from mile_desktop.ui.theme import theme


class ProbabilityTimeline(TimelinePlot):
    """The upper plot, with the threshold that decides what is a miss or a false alarm."""

    threshold_moved = Signal(float)

    def __init__(self) -> None:
        # Room above 1 for the legend and the signs of events.
        super().__init__((-0.06, 1.22))
        self._prediction: Prediction | None = None
        self._band, self._predicted_band = Band(), Band()
        self._forecast, self._line, self._predicted_line = (
            pg.PlotCurveItem(connect="finite", skipFiniteCheck=False, antialias=True) for _ in range(3)
        )
        # Bounded: at 0 or 1 the alarm would always or never be raised.
        self._threshold = pg.InfiniteLine(pos=0.5, angle=0, movable=True, bounds=THRESHOLD_RANGE)
        for item in (
            self._predicted_band,
            self._band,
            self._forecast,
            self._predicted_line,
            self._line,
            self._threshold,
        ):
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
        """P at which an alarm is raised."""
        return float(self._threshold.value())

    def set_threshold(self, value: float) -> None:
        """Move the line, without a signal."""
        self._threshold.setValue(value)
        self._redraw()

    def show_recording(self, recording: RecordedEpisode | None) -> None:
        """Draw p as it was shown; the prediction for the recording before is removed."""
        super().show_recording(recording)
        self.show_prediction(None)
        window = self._window
        self._band.set_data(window.time, window.low, window.high)
        self._line.setData(window.time, window.probability)
        self._forecast.setData(window.time, window.forecast)

    def show_prediction(self, prediction: Prediction | None) -> None:
        """Draw a prediction beside p as it was shown; None: remove it."""
        self._prediction = prediction
        time, nothing = self._window.time, np.empty(0)
        # an answer for a recording of another length came late
        if prediction is None or len(prediction.probability) != len(time):
            self._predicted_band.set_data(nothing, nothing, nothing)
            self._predicted_line.setData(nothing, nothing)
        else:
            self._predicted_band.set_data(time, prediction.low, prediction.high)
            self._predicted_line.setData(time, prediction.probability)
        self._redraw()

    def restyle(self) -> None:
        """Take colours and sizes from the theme."""
        super().restyle()
        self.getPlotItem().showGrid(x=False, y=True, alpha=0.12)
        self.getAxis("bottom").setHeight(theme.px(4))
        self._band.set_colour(theme.token("policy", 0.22))
        self._predicted_band.set_colour(theme.token("success", 0.16))
        self._line.setPen(theme.pen("policy", 1.6))
        self._predicted_line.setPen(theme.pen("success", 1.6))
        self._forecast.setPen(theme.pen("text", 1.0, alpha=0.7))
        self._threshold.setPen(theme.pen("threshold", 1.4, dashed=True))
        self._threshold.setHoverPen(theme.pen("threshold", 2.6, dashed=True))

    def mousePressEvent(self, event: object) -> None:
        """Drag the threshold where it lies, else scrub."""
        # pyqtgraph drags its lines itself. Its handlers are called past ``TimelinePlot``, whose handlers scrub.
        if self._near_threshold(event.position()):  # type: ignore[attr-defined]
            pg.PlotWidget.mousePressEvent(self, event)
        else:
            super().mousePressEvent(event)  # type: ignore[arg-type]

    def mouseMoveEvent(self, event: object) -> None:
        """Drag the threshold if the press was on it, else scrub."""
        pg.PlotWidget.mouseMoveEvent(self, event)
        if not self._threshold.moving:
            super().mouseMoveEvent(event)  # type: ignore[arg-type]

    def mouseReleaseEvent(self, event: object) -> None:
        """End the gesture."""
        pg.PlotWidget.mouseReleaseEvent(self, event)
        super().mouseReleaseEvent(event)  # type: ignore[arg-type]

    def _near_threshold(self, position: QPointF) -> bool:
        self._measure()
        return abs(position.y() - self.y_pixel(self.threshold)) <= theme.px(4)

    def _dragged(self) -> None:
        self.threshold_moved.emit(self.threshold)
        self._redraw()

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        """Paint the legend."""
        super().drawForeground(painter, rect)
        if not len(self._window):
            return
        legend = [("p as shown", "policy")]
        if np.isfinite(self._window.forecast).any():
            legend.append(("forecast", "text"))
        if self._prediction is not None:
            legend.append((f"p {self._prediction.title}", "success"))
        legend.append((f"threshold {self.threshold:.2f}", "threshold"))
        self.paint_legend(painter, legend)

    @property
    def prediction(self) -> Prediction | None:
        """The prediction that is drawn beside p as it was shown."""
        return self._prediction
