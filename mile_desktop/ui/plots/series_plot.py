"""A plot of a few series: axes with units, names beside the curves' colours, values under mouse and arrow keys."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QGraphicsView, QWidget

from mile_desktop.ui.plots.plot_export import PlotSharing
from mile_desktop.ui.plots.series import Axis, Place, Series, step_along, table_of
from mile_desktop.ui.plots.table import Table
from mile_desktop.ui.theme import theme

_REACH_PX = 24
"""How near the mouse has to come to a point."""
_CLICK_PX = 4
_ROOM = 0.04
"""Share of the range that is left free on either side, so that marks on the edge are whole."""
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
_BAR = 0.8
"""Width of a bar, of the distance between two."""


class SeriesPlot(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph ships no type information
    """Shows series over two axes; everything runs on the window's thread.

    The nearest point under the mouse says its values, as does the one that the arrow keys choose while the plot has
    the keyboard (← → along a series, ↑ ↓ to another one, Enter for what a click does).

    Parameters
    ----------
    name
        What it shows: its accessible name, and the name of saved files.
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
        self._drawn: list[_Drawn] = []
        self._place: Place | None = None
        self._pressed_at = QPointF()
        self.names_series = True
        """Whether the series' names stand above the plot."""
        self.setFrameShape(self.Shape.NoFrame)
        self.setMouseEnabled(x=False, y=False)
        self.hideButtons()
        self.disableAutoRange()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.setAccessibleName(name)
        self.sharing = PlotSharing(self, name, self.numbers)
        self.set_axes(x, y)
        self.restyle()
        theme.signals().changed.connect(self.restyle)

    # ── what it shows ────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def series(self) -> tuple[Series, ...]:
        """What is drawn."""
        return self._series

    @property
    def place(self) -> Place | None:
        """The point whose values are shown; None where there is none."""
        return self._place

    def set_axes(self, x: Axis, y: Axis) -> None:
        """Use other axes."""
        self._x, self._y = x, y
        for axis, side in ((x, "bottom"), (y, "left")):
            self.setLabel(side, axis.label)
            self.getAxis(side).enableAutoSIPrefix(False)
            self.getAxis(side).setTicks([list(axis.ticks)] if axis.ticks else None)
        self._fit()

    def show_series(self, series: Sequence[Series]) -> None:
        """Draw ``series`` in place of what was drawn."""
        self._series = tuple(series)
        self._place = None
        self._draw()
        self._fit()

    def numbers(self) -> Table:
        """Return the numbers that are drawn."""
        return table_of(self._x, self._y, self._series)

    def restyle(self) -> None:
        """Take colours and sizes from the theme."""
        self.setBackground(theme.token("panel"))
        theme.style_plot(self.getPlotItem())
        # the names of the series stand above the plotted area
        self.getPlotItem().layout.setContentsMargins(theme.px(4), theme.px(20), theme.px(12), 0)
        self._draw()

    def _draw(self) -> None:
        # items are used again, not removed: pyqtgraph's scene may still be about to tell a removed one of the mouse
        while len(self._drawn) < len(self._series):
            self._drawn.append(_Drawn(self.getPlotItem(), _SYMBOLS[len(self._drawn) % len(_SYMBOLS)]))
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

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Show the values of the nearest point."""
        super().mouseMoveEvent(event)
        self._turn_to(self._nearest(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Remember where, to tell a click from a drag."""
        super().mousePressEvent(event)
        self._pressed_at = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        """Choose the point that was clicked."""
        super().mouseReleaseEvent(event)
        still = (event.position() - self._pressed_at).manhattanLength() <= _CLICK_PX
        place = self._nearest(event.position())
        if still and place is not None and event.button() is Qt.MouseButton.LeftButton:
            self.point_chosen.emit(place.series, place.index)

    def leaveEvent(self, event: object) -> None:  # noqa: N802 (Qt's name)
        """Forget the mouse."""
        super().leaveEvent(event)
        self._turn_to(None)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        """Forget what the keys had chosen."""
        super().focusOutEvent(event)
        self._turn_to(None)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        """Show that the keys work here."""
        super().focusInEvent(event)
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Go from point to point, or choose one."""
        key = Qt.Key(event.key())
        if key in _KEYS:
            self._turn_to(step_along(self._series, self._place, *_KEYS[key]))
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self._place is not None:
            self.point_chosen.emit(self._place.series, self._place.index)
        else:
            super().keyPressEvent(event)

    def _turn_to(self, place: Place | None) -> None:
        if place != self._place:
            self._place = place
            self.viewport().update()

    def _nearest(self, position: QPointF) -> Place | None:
        best, found = float(theme.px(_REACH_PX)), None
        for number, each in enumerate(self._series):
            if not each.points:
                continue
            pixels = self._pixels(each)
            above = pixels[:, 1] - position.y()
            if each.style == "bars":  # the whole bar counts, not its upper end alone
                above = np.maximum(above, 0.0)
            distances = np.hypot(pixels[:, 0] - position.x(), above)
            nearest = int(distances.argmin())
            if distances[nearest] < best:
                best, found = float(distances[nearest]), Place(number, nearest)
        return found

    def _pixels(self, series: Series) -> np.ndarray:
        """Return where the points are, float64[n, 2] in pixels of the widget."""
        view = self.getViewBox()
        origin, unit = view.mapViewToScene(QPointF(0, 0)), view.mapViewToScene(QPointF(1, 1))
        scale = np.array([unit.x() - origin.x(), unit.y() - origin.y()])
        pixels: np.ndarray = np.asarray(series.points, np.float64) * scale + np.array([origin.x(), origin.y()])
        return pixels

    # ── painting over the curves ─────────────────────────────────────────────────────────────────────────────────

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:  # noqa: N802, ARG002 (Qt's signature)
        """Write the names of the series, the values of the chosen point, and show the keyboard's place."""
        painter.setFont(theme.font("secondary"))
        if self.names_series:
            self._paint_names(painter)
        if self._place is not None:
            self._paint_values(painter, self._place)
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

    def _paint_values(self, painter: QPainter, place: Place) -> None:
        series = self._series[place.series]
        x, y = self._pixels(series)[place.index]
        painter.setPen(theme.pen("text", 1.5))
        painter.setBrush(theme.brush(series.colour))
        painter.drawEllipse(QPointF(x, y), theme.px(4), theme.px(4))
        text = self.values_text(place)
        metrics = painter.fontMetrics()
        box = QRectF(metrics.boundingRect(0, 0, 10_000, 10_000, int(Qt.AlignmentFlag.AlignLeft), text))
        box.adjust(0, 0, theme.px(16), theme.px(8))
        area = QRectF(self.viewport().rect())
        box.moveTopLeft(QPointF(x + theme.px(10), y - box.height() - theme.px(6)))
        if box.right() > area.right():
            box.moveRight(x - theme.px(10))
        box.moveTop(max(area.top(), min(box.top(), area.bottom() - box.height())))
        painter.setPen(theme.pen("line", 1.0))
        painter.setBrush(theme.brush("raised"))
        painter.drawRoundedRect(box, theme.px(4), theme.px(4))
        painter.setPen(theme.token("text"))
        painter.drawText(box.adjusted(theme.px(8), theme.px(4), 0, 0), int(Qt.AlignmentFlag.AlignLeft), text)

    def values_text(self, place: Place) -> str:
        """Return what is said of a point: its series, its values, and what else is known of it."""
        series = self._series[place.series]
        x, y = series.points[place.index]
        lines = [series.name, f"{self._x.title}: {self._x.text(x)}", f"{self._y.title}: {self._y.text(y)}"]
        if series.tips:
            lines.append(series.tips[place.index])
        return "\n".join(lines)


class _Drawn:
    """What one series is drawn with: marks or a line, and bars for intervals.

    Parameters
    ----------
    plot
        Owns the items.
    symbol
        pyqtgraph's name of the mark: series are told apart by shape as well as by colour.
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
        self.hide()
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
    """Return the range that the axis needs; never an empty one."""
    if axis.range is not None:
        return axis.range
    values = [point[side] for each in series for point in each.points]
    values += [0.0 for each in series if each.style == "bars" and side == 1]
    if side == 0:
        values += [edge for each in series for interval in each.x_intervals for edge in interval]
    values += [place + half for place, _ in axis.ticks for half in (-0.5, 0.5)]
    finite = [value for value in values if np.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)
