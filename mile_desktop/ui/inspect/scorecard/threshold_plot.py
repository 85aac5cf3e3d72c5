"""A plot of curves over thresholds, with a handle that can be dragged along one of them."""

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from mile_desktop.evaluation.scorecard import CurvePoint
from mile_desktop.ui.inspect.scorecard.model import nearest_threshold
from mile_desktop.ui.plots.series_model import Axis
from mile_desktop.ui.plots.series_plot import SeriesPlot
from mile_desktop.ui.theme import theme

_SIZE = 13


class ThresholdPlot(SeriesPlot):
    """Shows the curves of several predictors; the handle lies on one of them."""

    threshold_dragged = Signal(float)

    def __init__(self, name: str, x: Axis, y: Axis, parent: QWidget | None = None) -> None:
        super().__init__(name, x, y, parent)
        self.names_series = False
        self._points: tuple[CurvePoint, ...] = ()
        self._setting = False
        self._handle = pg.TargetItem(movable=True, size=theme.px(_SIZE))
        # Above the curves, so that it can always be grasped.
        self._handle.setZValue(10)
        self.addItem(self._handle, ignoreBounds=True)
        self._handle.sigPositionChanged.connect(self._dragged)
        self._handle.hide()
        theme.signals().changed.connect(self._restyle_handle)
        self._restyle_handle()

    def show_handle(self, points: Sequence[CurvePoint], position: tuple[float, float] | None) -> None:
        """Put the handle at ``position``, to be dragged along ``points``; None hides it."""
        self._points = tuple(points)
        self._handle.setVisible(position is not None)
        if position is not None:
            self._setting = True
            self._handle.setPos(*position)
            self._setting = False

    @property
    def handle_position(self) -> tuple[float, float]:
        """Position of the handle on the axes."""
        position = self._handle.pos()
        return position.x(), position.y()

    def _dragged(self) -> None:
        """Emit the threshold of the nearest point of the curve; the panel then puts the handle back onto the curve."""
        if self._setting:  # pyqtgraph emits the same signal when the program moves the handle
            return
        threshold = nearest_threshold(self._points, *self.handle_position)
        if threshold is not None:
            self.threshold_dragged.emit(threshold)

    def _restyle_handle(self) -> None:
        self._handle.setPen(theme.pen("threshold", 2.0))
        self._handle.setHoverPen(theme.pen("text", 2.0))
        self._handle.setBrush(theme.brush("threshold", 0.4))
