"""Proposed and executed actions over time, a lane for each entry of the action."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from mile_desktop.ui.plots.plot_export import PlotExport
from mile_desktop.ui.plots.strip_model import StripWindow
from mile_desktop.ui.plots.strip_plot import StripPlot
from mile_desktop.ui.theme import theme

LANE = 2.5
"""Distance of the lanes' centres; a lane spans [−1, 1]."""
_DASH, _PERIOD = 4, 7
"""The dashed line is made by gaps in the data: 4 of every 7 steps are joined. Qt's own dashing is many times slower."""
BAR = 5.0
"""Thickness of the bar of a discrete action, px at 100 %."""
LIFT = 0.9
"""Distance of a proposed discrete action above its lane, in units of the lanes."""


def choice_bars(
    time: NDArray[np.float64], values: NDArray[np.floating], which: NDArray[np.bool_], heights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]:
    """Return a bar for each step in the lane of its action: x, y and which points are joined to the next.

    Parameters
    ----------
    time
        float64[t], s, at the end of each step.
    values
        float[t, a], one-hot; rows that are not finite are left out.
    which
        bool[t], the steps that are drawn.
    heights
        float64[a] or float64[t, a], the height at which each action is drawn.
    """
    rows = np.flatnonzero(which & np.isfinite(values).all(axis=1))
    # The median: gaps between episodes must not make the bars wider.
    period = float(np.median(np.diff(time))) if len(time) > 1 else 0.0
    x = np.column_stack((time[rows] - period, time[rows])).ravel()
    y = np.repeat(np.broadcast_to(heights, values.shape)[rows, values[rows].argmax(axis=1)], 2)
    return x, y, np.tile(np.array([1, 0], np.int32), len(rows))


class ActionStrip(StripPlot):
    """The proposed action (dashed) and the executed one (solid; a person's steps in their colour).

    All lanes share three curves, one for each colour: few long curves cost pyqtgraph less than many short ones.
    Discrete actions are bars: one in the lane of the executed action, and above its lane the proposed one.
    """

    def __init__(self, labels: tuple[str, ...] = ("dx", "dy", "dz", "grip"), parent: QWidget | None = None) -> None:
        super().__init__((-1.0, 1.0), parent)
        self.setAccessibleName("Actions over time")
        self.export = PlotExport(self, "Actions over time", self.numbers)
        # Not antialiased: it would take more time at each redraw, and these lines are the longest.
        self._executed = pg.PlotCurveItem(skipFiniteCheck=True, antialias=False)
        self._human = pg.PlotCurveItem(skipFiniteCheck=True, antialias=False)
        self._proposed = pg.PlotCurveItem(skipFiniteCheck=True, antialias=False)
        self._discrete = False
        for item in (self._executed, self._human, self._proposed):
            self.addItem(item, ignoreBounds=True)
        self.names_episodes = False
        self.getAxis("bottom").setLabel("time before now, s")
        self.empty_text = "Proposed and executed actions appear here."
        self.set_actions(labels)
        self.restyle()

    def set_actions(self, labels: tuple[str, ...], *, discrete: bool = False) -> None:
        """Use one lane for each of ``labels``, the first at the top; ``discrete``: each step chooses one of them."""
        self.action_names = labels
        self._discrete = discrete
        # The width of the pens depends on the kind of action.
        self._pens()
        self._offsets = -LANE * np.arange(len(labels), dtype=np.float64)
        self._y_range = (float(self._offsets[-1]) - LANE / 2, LANE / 2)
        self.setYRange(*self._y_range, padding=0)
        self.getAxis("left").setTicks([list(zip(self._offsets.tolist(), labels, strict=True))])

    def show_window(self, window: StripWindow) -> None:
        """Draw all lanes."""
        super().show_window(window)
        # No line joins the last step of an episode with the first of the next.
        joined = np.concatenate([np.diff(window.serial) == 0, [False]]) if len(window) else np.empty(0, np.bool_)
        human = window.human
        if self._discrete:
            self._draw_chosen(self._executed, window, window.executed, ~human)
            self._draw_chosen(self._human, window, window.executed, human)
            self._draw_chosen(self._proposed, window, window.proposed, np.ones_like(human), lift=LIFT)
            return
        # By the number of the step, so that the dashes move with the curve and do not flicker.
        dashed = joined & (window.step % _PERIOD < _DASH)
        self._draw(self._executed, window, window.executed, joined & ~human)
        self._draw(self._human, window, window.executed, joined & human)
        self._draw(self._proposed, window, window.proposed, dashed)

    def _draw(self, curve: pg.PlotCurveItem, window: StripWindow, values: NDArray[np.float64], joined: object) -> None:
        lanes = len(self.action_names)
        if not len(window):
            curve.setData([], [])
            return
        heights = np.clip(values[:, :lanes], -1.0, 1.0) + self._offsets
        finite = np.isfinite(heights)
        # One curve holds all lanes, one after another; ``connect`` says which point is joined to the next. The last
        # point of a lane is never joined to the first of the next lane, because ``joined`` ends with False.
        connect = (np.asarray(joined)[:, None] & finite).T
        connect[:, :-1] &= finite.T[:, 1:]
        y = np.where(finite, heights, 0.0).T.ravel()
        curve.setData(np.tile(window.time, lanes), y, connect=connect.ravel().astype(np.int32))

    def _draw_chosen(
        self,
        curve: pg.PlotCurveItem,
        window: StripWindow,
        values: NDArray[np.float64],
        which: NDArray[np.bool_],
        lift: float = 0.0,
    ) -> None:
        """Draw a bar in the lane of each step's action."""
        if not len(window):
            curve.setData([], [])
            return
        x, y, connect = choice_bars(window.time, values[:, : len(self.action_names)], which, self._offsets + lift)
        curve.setData(x, y, connect=connect)

    def restyle(self) -> None:
        """Take colours and sizes from the theme."""
        super().restyle()
        self.getPlotItem().showGrid(x=False, y=False)
        self.getAxis("bottom").setHeight(theme.px(34))
        self._pens()

    def _pens(self) -> None:
        width = BAR if self._discrete else 1.0
        self._executed.setPen(theme.pen("policy", width))
        self._human.setPen(theme.pen("takeover", width))
        self._proposed.setPen(theme.pen("text", 1.0, alpha=0.75))

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        """Add a faint zero line to each lane."""
        super().drawBackground(painter, rect)
        painter.setPen(theme.pen("line", 1.0, alpha=0.8))
        area = self._area
        for offset in self._offsets.tolist():
            y = self.y_pixel(offset)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        """Label the lines beside the newest step."""
        super().drawForeground(painter, rect)
        if not len(self._window):
            return
        area = self._area
        x = self.x_pixel(float(self._window.time[-1])) + theme.px(6)
        line = painter.fontMetrics().height()
        first = "─ proposed" if self._discrete else "┄ proposed"
        labels = ((first, "text"), ("─ executed", "policy"), ("─ in a takeover", "takeover"))
        painter.setFont(theme.font("secondary"))
        for row, (label, colour) in enumerate(labels):
            painter.setPen(theme.token(colour))
            box = QRectF(x, area.top() + row * line, area.right() - x + theme.px(40), line)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft, label)
