"""A curve over thresholds, with a point on it that can be dragged along."""

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from mile_desktop.evaluation.scorecard import CurvePoint
from mile_desktop.ui.inspect.scorecard.model import nearest_threshold
from mile_desktop.ui.plots.series import Axis
from mile_desktop.ui.plots.series_plot import SeriesPlot
from mile_desktop.ui.theme import theme

_SIZE = 13


class ThresholdPlot(SeriesPlot):
    """Shows curves of several predictors; the point lies on that of one of them."""

    threshold_dragged = Signal(float)

    def __init__(self, name: str, x: Axis, y: Axis, parent: QWidget | None = None) -> None:
        super().__init__(name, x, y, parent)
        self.names_series = False
        self._points: tuple[CurvePoint, ...] = ()
        self._setting = False
        self._handle = pg.TargetItem(movable=True, size=theme.px(_SIZE))
        self._handle.setZValue(10)
        self.addItem(self._handle, ignoreBounds=True)
        self._handle.sigPositionChanged.connect(self._dragged)
        self._handle.hide()
        theme.signals().changed.connect(self._restyle_handle)
        self._restyle_handle()

    def show_point(self, points: Sequence[CurvePoint], place: tuple[float, float] | None) -> None:
        """Put the point at ``place``, to be dragged along ``points``; None hides it."""
        self._points = tuple(points)
        self._handle.setVisible(place is not None)
        if place is not None:
            self._setting = True
            self._handle.setPos(*place)
            self._setting = False

    @property
    def point(self) -> tuple[float, float]:
        """Where the point is."""
        position = self._handle.pos()
        return position.x(), position.y()

    def _dragged(self) -> None:
        """Say the threshold of the nearest point of the curve; whoever is told puts the point back onto it."""
        if self._setting:
            return
        threshold = nearest_threshold(self._points, *self.point)
        if threshold is not None:
            self.threshold_dragged.emit(threshold)

    def _restyle_handle(self) -> None:
        self._handle.setPen(theme.pen("threshold", 2.0))
        self._handle.setHoverPen(theme.pen("text", 2.0))
        self._handle.setBrush(theme.brush("threshold", 0.4))
