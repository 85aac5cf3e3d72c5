"""How a run learns: the training loss and, on a scale of its own, the error on held-back episodes."""

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsView, QVBoxLayout, QWidget

from mile_desktop.ui import theme

_CURVES = (("total", "training loss", "policy"), ("held_out", "error on held-back episodes", "takeover"))
"""Loss, its name for people, and its colour. They are different measures: one axis would suggest a comparison."""
_HEIGHT = 96


class CurvePlot(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph ships no type information
    """One curve over epochs, named inside the plot with its newest value."""

    def __init__(self, name: str, colour: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, enableMenu=False)
        self._name = name
        self._colour = colour
        self._value: float | None = None
        self.setFrameShape(self.Shape.NoFrame)
        self.setMouseEnabled(x=False, y=False)
        self.hideButtons()
        self.disableAutoRange()
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self._curve = pg.PlotDataItem(antialias=True, symbolSize=4, symbolPen=None)
        self.addItem(self._curve, ignoreBounds=True)
        self.setAccessibleName(name)
        self.restyle()
        theme.signals().changed.connect(self.restyle)

    def show_curve(self, points: list[tuple[float, float]], first: float, last: float) -> None:
        """Draw ``points`` (epoch, value) over the epochs from ``first`` to ``last``."""
        epochs, values = [x for x, _ in points], [y for _, y in points]
        self._curve.setData(epochs, values, symbol="o" if len(points) < 12 else None)
        self._value = values[-1]
        low, high = min(values), max(values)
        room = max(high - low, 1e-6)
        # Half as much again above, where the name stands.
        self.setYRange(low - 0.1 * room, high + 0.5 * room, padding=0)
        self.setXRange(first, max(last, first + 1.0), padding=0.02)

    def restyle(self) -> None:
        """Take colours and sizes from the theme."""
        self.setBackground(theme.token("panel"))
        theme.style_plot(self.getPlotItem())
        self.getAxis("left").setWidth(theme.px(40))
        self.setFixedHeight(theme.px(_HEIGHT))
        self._curve.setPen(theme.pen(self._colour, 1.5))
        self._curve.setSymbolBrush(theme.token(self._colour))

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:  # noqa: N802, ARG002 – Qt's name and signature
        """Write the curve's name and its newest value."""
        if self._value is None:
            return
        painter.setFont(theme.font("secondary"))
        painter.setPen(theme.token(self._colour))
        area = self.getViewBox().sceneBoundingRect()
        text = f"{self._name} {self._value:.3g}"
        painter.drawText(area, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight, text)


class LossPlots(QWidget):
    """The curves that a run has, below each other over the same epochs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plots = {name: CurvePlot(title, colour) for name, title, colour in _CURVES}
        column = QVBoxLayout(self)
        theme.space(column, (0, 0, 0, 0), 4)
        for plot in self._plots.values():
            column.addWidget(plot)
            plot.hide()
        lowest = list(self._plots.values())[-1]
        lowest.setLabel("bottom", "epoch")

    def show_curves(self, curves: dict[str, list[tuple[float, float]]]) -> None:
        """Draw what is known of ``curves``: loss → (epoch, value)."""
        known = {name: curves[name] for name in self._plots if curves.get(name)}
        epochs = [epoch for points in known.values() for epoch, _ in points]
        for name, plot in self._plots.items():
            plot.setVisible(name in known)
            if name in known:
                plot.show_curve(known[name], min(epochs), max(epochs))
