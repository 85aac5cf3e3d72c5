"""Losses while a run works: training against held-out, named at their ends."""

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsView, QWidget

from mile_desktop.ui import theme

_CURVES = (("total", "training", "policy", False), ("held_out", "held out", "takeover", True))
"""Loss, its name for people, its colour, and whether it is dashed."""
_LABEL_PX = 62


class LossPlot(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph ships no type information
    """Two curves over epochs; the axis follows them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, enableMenu=False)
        self.setFrameShape(self.Shape.NoFrame)
        self.setMouseEnabled(x=False, y=False)
        self.hideButtons()
        self.disableAutoRange()
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self._curves = {name: pg.PlotCurveItem(antialias=True) for name, *_ in _CURVES}
        self._ends: dict[str, tuple[float, float]] = {}
        for curve in self._curves.values():
            self.addItem(curve, ignoreBounds=True)
        self.setLabel("left", "loss")
        self.setLabel("bottom", "epoch")
        self.setAccessibleName("Loss curves")
        self.restyle()
        theme.signals().changed.connect(self.restyle)

    def show_curves(self, curves: dict[str, list[tuple[float, float]]]) -> None:
        """Draw what is known of ``curves``: loss → (epoch, value)."""
        known = {name: curves[name] for name in self._curves if curves.get(name)}
        for name, curve in self._curves.items():
            epochs, values = zip(*known[name], strict=True) if name in known else ((), ())
            curve.setData(list(epochs), list(values))
        self._ends = {name: points[-1] for name, points in known.items()}
        points = [point for each in known.values() for point in each]
        if points:
            self._fit(points)

    def _fit(self, points: list[tuple[float, float]]) -> None:
        first, last = min(x for x, _ in points), max(x for x, _ in points)
        low, high = min(y for _, y in points), max(y for _, y in points)
        room = max(high - low, 1e-6) * 0.1
        plotted = max(self.getViewBox().width(), 2.0 * theme.px(_LABEL_PX))
        share = theme.px(_LABEL_PX) / (plotted - theme.px(_LABEL_PX))
        self.setXRange(first, last + max(last - first, 1.0) * share, padding=0)
        self.setYRange(low - room, high + room, padding=0)

    def restyle(self) -> None:
        """Take colours and sizes from the theme."""
        self.setBackground(theme.token("panel"))
        theme.style_plot(self.getPlotItem())
        self.setFixedHeight(theme.px(150))
        for name, _, colour, dashed in _CURVES:
            self._curves[name].setPen(theme.pen(colour, 1.5, dashed=dashed))

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:  # noqa: N802, ARG002 – Qt's name and signature
        """Name the curves at their ends, one above the other where they meet."""
        painter.setFont(theme.font("secondary"))
        line = painter.fontMetrics().height()
        free = -float("inf")
        shown = [
            (self._place(self._ends[name]), words, colour) for name, words, colour, _ in _CURVES if name in self._ends
        ]
        for place, words, colour in sorted(shown, key=_height):
            y = max(place.y() + line * 0.3, free)
            painter.setPen(theme.token(colour))
            painter.drawText(QPointF(place.x() + theme.px(6), y), words)
            free = y + line

    def _place(self, point: tuple[float, float]) -> QPointF:
        place: QPointF = self.getViewBox().mapViewToScene(QPointF(*point))
        return place


def _height(label: tuple[QPointF, str, str]) -> float:
    return label[0].y()
