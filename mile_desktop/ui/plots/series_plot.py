"""A plot of a few series: axes with units, a legend above, values under mouse and arrow keys."""

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPen, QWheelEvent
from PySide6.QtWidgets import QGraphicsView, QWidget

from mile_desktop.ui.plots.figure import LegendEntry
from mile_desktop.ui.plots.plot_export import PlotExport
from mile_desktop.ui.plots.series_model import Axis, PointIndex, Series, step_along, table_of
from mile_desktop.ui.plots.table import Table
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard
from mile_desktop.ui.widgets.restyler import Restyler

_REACH_PX = 24
"""Largest distance of the mouse from the point whose values are shown, px at 100 %."""
_CLICK_PX = 4
"""A press and release that are further apart are a drag and not a click."""
_ROOM = 0.04
"""Share of the range that is left free on either side, so that marks at the edge are not cut off."""
_SYMBOLS = ("o", "s", "t", "d", "star", "+")
_PEN_STYLES = {
    "line": Qt.PenStyle.SolidLine,
    "dashed": Qt.PenStyle.DashLine,
    "dotted": Qt.PenStyle.DotLine,
    "points": Qt.PenStyle.NoPen,
    "bars": Qt.PenStyle.NoPen,
}
_KEYS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_MANY_POINTS = 40
"""A line with more points is drawn without marks, which would merge into a thick line."""
_MOST_COUNTS = 5
"""Marks on an axis that counts, besides 0."""
_BAR = 0.8
"""Width of a bar as a share of the distance between two."""


class SeriesPlot(OverrideGuard, pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph ships no type information
    """Shows series over two axes; everything runs on the window's thread.

    Values are shown for the point nearest to the mouse, or for the one that the arrow keys select while the plot has
    the focus (← → along a series, ↑ ↓ to another series; Enter acts like a click).

    Parameters
    ----------
    name
        What the plot shows: its accessible name and the name of exported files.
    x, y
        The axes.
    """

    point_chosen = Signal(int, int)
    """A point was clicked: number of its series, and its own number in that series."""

    def __init__(self, name: str, x: Axis, y: Axis, parent: QWidget | None = None) -> None:
        super().__init__(parent, enableMenu=False)
        self._name = name
        self._x, self._y = x, y
        self._series: tuple[Series, ...] = ()
        self._drawn: list[_SeriesItems] = []
        self._point: PointIndex | None = None
        self._pressed_at = QPointF()
        self.names_series = True
        """Whether the series' names stand above the plot."""
        self.setFrameShape(self.Shape.NoFrame)
        # The range is chosen so that everything fits; panning could only hide it.
        self.setMouseEnabled(x=False, y=False)
        self.hideButtons()
        self.disableAutoRange()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.setAccessibleName(name)
        self.export = PlotExport(self, name, self.numbers, self.legend)
        self.set_axes(x, y)
        self.restyle()
        Restyler(self).due.connect(self.restyle)

    # ── content ──────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def series(self) -> tuple[Series, ...]:
        """The drawn series."""
        return self._series

    @property
    def selected_point(self) -> PointIndex | None:
        """The point whose values are shown, if any."""
        return self._point

    def set_axes(self, x: Axis, y: Axis) -> None:
        """Use other axes."""
        self._x, self._y = x, y
        for axis, side in ((x, "bottom"), (y, "left")):
            self.setLabel(side, axis.label)
            # pyqtgraph would otherwise change the unit, to "ks" for example.
            self.getAxis(side).enableAutoSIPrefix(False)
            self.getAxis(side).setTicks([list(axis.ticks)] if axis.ticks else None)
        self._fit()

    def _mark_counts(self) -> None:
        """Mark whole numbers only on an axis that counts: pyqtgraph would mark 1.5 takeovers."""
        for number, (axis, side) in enumerate(((self._x, "bottom"), (self._y, "left"))):
            if axis.counts:
                most = max((point[number] for each in self._series for point in each.points), default=0.0)
                step = max(1, math.ceil(most / _MOST_COUNTS))
                marked = range(0, math.ceil(most) + step, step)
                self.getAxis(side).setTicks([[(float(value), f"{value}") for value in marked]])

    def show_series(self, series: Sequence[Series]) -> None:
        """Replace the drawn series."""
        self._series = tuple(series)
        # Its number may belong to another point now.
        self._point = None
        self._draw()
        self._mark_counts()
        self._fit()

    def numbers(self) -> Table:
        """Return the numbers that are drawn."""
        return table_of(self._x, self._y, self._series)

    def legend(self) -> tuple[LegendEntry, ...]:
        """Return names and colours of the series, for a saved picture."""
        # Where the names stand above the plot they are in the picture already.
        shown = () if self.names_series else self._series
        return tuple(LegendEntry(each.name, theme.token(each.colour)) for each in shown if each.points)

    def restyle(self) -> None:
        """Take colours and sizes from the theme."""
        self.setBackground(theme.token("panel"))
        theme.style_plot(self.getPlotItem())
        # the names of the series stand above the plotted area
        self.getPlotItem().layout.setContentsMargins(theme.px(4), theme.px(20), theme.px(12), 0)
        self._draw()

    def _draw(self) -> None:
        # Items are reused and not removed: pyqtgraph's scene may still deliver a mouse event to a removed item.
        while len(self._drawn) < len(self._series):
            self._drawn.append(_SeriesItems(self.getPlotItem(), _SYMBOLS[len(self._drawn) % len(_SYMBOLS)]))
        for number, drawn in enumerate(self._drawn):
            if number < len(self._series) and self._series[number].points:
                drawn.show(self._series[number])
            else:
                drawn.hide()
        self.viewport().update()

    def _fit(self) -> None:
        xs, ys = _extent(self._series, 0, self._x), _extent(self._series, 1, self._y)
        self.setXRange(*xs, padding=_ROOM)
        self.setYRange(*ys, padding=_ROOM)

    # ── values under mouse and keys ──────────────────────────────────────────────────────────────────────────────

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the panel around the plot: a plot under the pointer must not stop its scrolling."""
        event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show the values of the nearest point."""
        super().mouseMoveEvent(event)
        self._select_point(self._nearest(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember the position, to tell a click from a drag."""
        super().mousePressEvent(event)
        self._pressed_at = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose the point that was clicked."""
        super().mouseReleaseEvent(event)
        # pyqtgraph's own click signal comes only for items; here the nearest point counts, also beside its mark.
        still = (event.position() - self._pressed_at).manhattanLength() <= _CLICK_PX
        point = self._nearest(event.position())
        if still and point is not None and event.button() is Qt.MouseButton.LeftButton:
            self.point_chosen.emit(point.series, point.index)

    def leaveEvent(self, event: object) -> None:
        """Hide the values."""
        super().leaveEvent(event)
        self._select_point(None)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Clear the selection."""
        super().focusOutEvent(event)
        self._select_point(None)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus ring."""
        super().focusInEvent(event)
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the selection with the arrows; choose the point with Enter."""
        key = Qt.Key(event.key())
        if key in _KEYS:
            self._select_point(step_along(self._series, self._point, *_KEYS[key]))
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self._point is not None:
            self.point_chosen.emit(self._point.series, self._point.index)
        else:
            super().keyPressEvent(event)

    def _select_point(self, point: PointIndex | None) -> None:
        if point != self._point:
            self._point = point
            self.viewport().update()

    def _nearest(self, position: QPointF) -> PointIndex | None:
        best, found = float(theme.px(_REACH_PX)), None
        for number, each in enumerate(self._series):
            if not each.points:
                continue
            pixels = self._pixels(each)
            above = pixels[:, 1] - position.y()
            if each.style == "bars":  # inside the bar its vertical distance is zero, so the whole bar can be hit
                above = np.maximum(above, 0.0)
            distances = np.hypot(pixels[:, 0] - position.x(), above)
            nearest = int(distances.argmin())
            if distances[nearest] < best:
                best, found = float(distances[nearest]), PointIndex(number, nearest)
        return found

    def _pixels(self, series: Series) -> np.ndarray:
        """Return the positions of the points, float64[n, 2] in pixels of the widget."""
        # Both axes are linear, so two mapped corners give the transform; mapping each point through Qt is slow for a
        # curve of hundreds of points at every move of the mouse.
        view = self.getViewBox()
        origin, unit = view.mapViewToScene(QPointF(0, 0)), view.mapViewToScene(QPointF(1, 1))
        scale = np.array([unit.x() - origin.x(), unit.y() - origin.y()])
        pixels: np.ndarray = np.asarray(series.points, np.float64) * scale + np.array([origin.x(), origin.y()])
        return pixels

    # ── painting over the curves ─────────────────────────────────────────────────────────────────────────────────

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:  # noqa: ARG002 (Qt's signature)
        """Paint the legend, the values of the selected point, and the focus ring."""
        painter.setFont(theme.font("secondary"))
        if self.names_series:
            self._paint_names(painter)
        if self._point is not None:
            self._paint_values(painter, self._point)
        if self.hasFocus():
            painter.setPen(theme.pen("focus", 1.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.viewport().rect()).adjusted(1, 1, -1, -1))

    def _paint_names(self, painter: QPainter) -> None:
        left = self.getViewBox().sceneBoundingRect().left()
        middle = theme.px(10)
        for series in (each for each in self._series if each.points):
            pen: QPen = theme.pen(series.colour, 2.0)
            pen.setStyle(Qt.PenStyle.SolidLine if series.style in {"points", "bars"} else _PEN_STYLES[series.style])
            painter.setPen(pen)
            painter.drawLine(QPointF(left, middle), QPointF(left + theme.px(16), middle))
            width = painter.fontMetrics().horizontalAdvance(series.name)
            painter.setPen(theme.token("text"))
            box = QRectF(left + theme.px(22), 0, width + 2, theme.px(20))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, series.name)
            left = box.right() + theme.px(16)

    def _paint_values(self, painter: QPainter, point: PointIndex) -> None:
        series = self._series[point.series]
        x, y = self._pixels(series)[point.index]
        painter.setPen(theme.pen("text", 1.5))
        painter.setBrush(theme.brush(series.colour))
        painter.drawEllipse(QPointF(x, y), theme.px(4), theme.px(4))
        text = self.values_text(point)
        metrics = painter.fontMetrics()
        box = QRectF(metrics.boundingRect(0, 0, 10_000, 10_000, int(Qt.AlignmentFlag.AlignLeft), text))
        box.adjust(0, 0, theme.px(16), theme.px(8))
        area = QRectF(self.viewport().rect())
        # Right of the point and above it; left of it at the right edge, and always inside the plot.
        box.moveTopLeft(QPointF(x + theme.px(10), y - box.height() - theme.px(6)))
        if box.right() > area.right():
            box.moveRight(x - theme.px(10))
        box.moveTop(max(area.top(), min(box.top(), area.bottom() - box.height())))
        painter.setPen(theme.pen("line", 1.0))
        painter.setBrush(theme.brush("raised"))
        painter.drawRoundedRect(box, theme.px(4), theme.px(4))
        painter.setPen(theme.token("text"))
        painter.drawText(box.adjusted(theme.px(8), theme.px(4), 0, 0), int(Qt.AlignmentFlag.AlignLeft), text)

    def values_text(self, point: PointIndex) -> str:
        """Return the text at a point: its series, its values, and its tip."""
        series = self._series[point.series]
        x, y = series.points[point.index]
        lines = [series.name, f"{self._x.title}: {self._x.text(x)}", f"{self._y.title}: {self._y.text(y)}"]
        if series.tips:
            lines.append(series.tips[point.index])
        return "\n".join(lines)


class _SeriesItems:
    """The graphics items of one series: marks or a line, and bars for intervals.

    Parameters
    ----------
    plot
        Owns the items.
    symbol
        pyqtgraph's name of the mark; series differ in shape as well as in colour.
    """

    def __init__(self, plot: pg.PlotItem, symbol: str) -> None:
        self._symbol = symbol
        self._columns = pg.BarGraphItem(x=[], height=[], width=1.0)
        self._bars = pg.ErrorBarItem(beam=0.2)
        self._curve = pg.PlotDataItem(antialias=True)
        for item in (self._columns, self._bars, self._curve):
            plot.addItem(item, ignoreBounds=True)

    def show(self, series: Series) -> None:
        """Draw ``series``, which has points."""
        self.hide()  # the last series in these items may have used others of them
        points = np.asarray(series.points, np.float64)
        x, y = points[:, 0], points[:, 1]
        if series.style == "bars":
            between = float(np.diff(x).min()) if len(x) > 1 else 1.0
            brush = theme.brush(series.colour, 0.8)
            self._columns.setOpts(x=x, height=y, width=_BAR * between, pen=None, brush=brush)
            self._columns.setVisible(True)
            return
        only_marks = series.style == "points"
        pen = theme.pen(series.colour)
        pen.setStyle(_PEN_STYLES[series.style])
        self._curve.setData(
            x,
            y,
            pen=None if only_marks else pen,
            symbol=self._symbol if only_marks or len(points) <= _MANY_POINTS else None,
            symbolSize=theme.px(8 if only_marks else 5),
            symbolPen=None,
            symbolBrush=theme.token(series.colour),
        )
        self._curve.setVisible(True)
        if series.x_intervals:
            self._bars.setVisible(True)
            low, high = np.asarray(series.x_intervals, np.float64).T
            self._bars.setData(x=x, y=y, left=x - low, right=high - x, pen=theme.pen(series.colour))

    def hide(self) -> None:
        """Draw nothing."""
        for item in (self._columns, self._bars, self._curve):
            item.setVisible(False)


def _extent(series: Sequence[Series], side: int, axis: Axis) -> tuple[float, float]:
    """Return the range of the axis that shows all series; it is never empty."""
    if axis.range is not None:
        return axis.range
    values = [point[side] for each in series for point in each.points]
    # Bars begin at zero, so zero must be visible.
    values += [0.0 for each in series if each.style == "bars" and side == 1]
    if side == 0:
        values += [edge for each in series for interval in each.x_intervals for edge in interval]
    # Half a place more on either side of a category.
    values += [position + half for position, _ in axis.ticks for half in (-0.5, 0.5)]
    finite = [value for value in values if np.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)
