"""The response curve, from a stick's position to the command, and the stick's position on it now."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QWidget

from mile_desktop.operators.profile import PadProfile
from mile_desktop.operators.stick_response import shape
from mile_desktop.ui.theme import theme

_POINTS = 201


class CurvePreview(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph ships no type information
    """Command over position, both in [−1, 1]; the dead zone is shaded, a dot marks the stick."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, enableMenu=False)
        self._positions = np.linspace(-1.0, 1.0, _POINTS)
        self._dead_zone, self._expo = 0.0, 0.0
        self._zone = pg.LinearRegionItem((0, 0), movable=False)
        self._straight = pg.PlotDataItem(self._positions, self._positions)
        self._curve = pg.PlotDataItem()
        self._dot = pg.ScatterPlotItem()
        # The ranges are always −1 to 1: panning could only hide the curve.
        self.setMouseEnabled(x=False, y=False)
        self.hideButtons()
        for item in (self._zone, self._straight, self._curve, self._dot):
            self.addItem(item)
        self.setRange(xRange=(-1, 1), yRange=(-1, 1), padding=0.04)
        self.setLabel("bottom", "stick")
        self.setLabel("left", "command")
        ticks = [[(-1, "−1"), (0, "0"), (1, "1")], [(-0.5, ""), (0.5, "")]]
        self.getAxis("bottom").setTicks(ticks)
        self.getAxis("left").setTicks(ticks)
        theme.signals().changed.connect(self.restyle)
        self.restyle()

    def show_profile(self, profile: PadProfile) -> None:
        """Draw the curve of ``profile``."""
        self._dead_zone, self._expo = profile.dead_zone, profile.expo
        self._curve.setData(self._positions, [self._response(float(at)) for at in self._positions])
        self._zone.setRegion((-profile.dead_zone, profile.dead_zone))

    def show_position(self, position: float | None) -> None:
        """Move the dot to a stick's position; None removes it."""
        points = [] if position is None else [(position, self._response(position))]
        self._dot.setData(pos=points)

    def restyle(self) -> None:
        """Take colours and sizes from the theme."""
        self.setBackground(theme.token("panel"))
        theme.style_plot(self.getPlotItem())
        self._zone.setBrush(theme.brush("secondary", 0.18))
        for line in self._zone.lines:
            line.setPen(theme.pen("secondary", 1.0, alpha=0.0))
        self._straight.setPen(theme.pen("secondary", 1.0, dashed=True, alpha=0.6))
        self._curve.setPen(theme.pen("takeover", 2.0))
        self._dot.setSize(theme.px(12))
        self._dot.setBrush(theme.brush("takeover"))
        self._dot.setPen(theme.pen("panel", 2.0))

    def _response(self, position: float) -> float:
        return shape(position, dead_zone=self._dead_zone, expo=self._expo)
