"""The base of both strips: a scrolling plot with hatched takeovers below the curves and labels above them.

Everything that changes with each step is painted in pixels by the view itself. pyqtgraph items for it would have to be
added and removed all the time; so a redraw changes a handful of items, however long the run is.
"""

import math
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QGraphicsView, QWidget

from mile_desktop.ui.plots.strip_model import StripModel, StripWindow
from mile_desktop.ui.plots.table import Table
from mile_desktop.ui.theme import theme
from mile_desktop.ui.widgets.override_guard import OverrideGuard
from mile_desktop.ui.widgets.restyler import Restyler

LABEL_PX = 84
"""Free width right of the newest step for the labels, px at 100 %."""
AXIS_WIDTH_PX = 44
_EMPTY = StripModel(capacity=2).last_seconds(1.0)


@dataclass(frozen=True, slots=True)
class Label:
    """A text right of the newest step, at the height of a value."""

    text: str
    colour: str
    value: float


class StripPlot(OverrideGuard, pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph ships no type information
    """A scrolling plot over robot time.

    Subclasses draw their curves in ``show_window`` and call ``restyle`` when their items are there.
    """

    hovered = Signal(object)
    """Time under the mouse (s), or None when it has left."""

    def __init__(self, y_range: tuple[float, float], parent: QWidget | None = None) -> None:
        super().__init__(parent, enableMenu=False)
        self._y_range = y_range
        self._window: StripWindow = _EMPTY
        self._hover: float | None = None
        self._labels: tuple[Label, ...] = ()
        self.empty_text = ""
        self.action_names: tuple[str, ...] = ()
        """Names of the action's entries in exported numbers."""
        self.names_episodes = True
        self.setFrameShape(self.Shape.NoFrame)
        # The view follows the robot; a person who pans would lose the present.
        self.setMouseEnabled(x=False, y=False)
        self.hideButtons()
        # The hatching is part of the background and moves, so the background must not be cached.
        self.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.disableAutoRange()
        self.setYRange(*y_range, padding=0)
        self.set_span(-30.0, 0.0)
        Restyler(self).due.connect(self.restyle)

    def numbers(self) -> Table:
        """Return the shown steps with all their values."""
        window = self._window
        entries = window.proposed.shape[1]
        actions = self.action_names if len(self.action_names) == entries else range(entries)
        columns = ("time (s)", "episode", "step", "p", "low", "high", "forecast", "human")
        each = (window.time, window.number, window.step, window.probability, window.low, window.high, window.forecast)
        drawn = [*each, window.human, *window.proposed.T, *window.executed.T]
        titles = (*columns, *(f"proposed {n}" for n in actions), *(f"executed {n}" for n in actions))
        return Table(titles, tuple(zip(*(column.tolist() for column in drawn), strict=True)))

    def set_span(self, start: float, end: float) -> None:
        """Show times from ``start`` to ``end`` (s), and free space for labels at the right."""
        # Kept, since the free space for labels depends on the width.
        self._span = (start, end)
        plotted = self.width() - theme.px(AXIS_WIDTH_PX)
        share = theme.px(LABEL_PX) / max(plotted - theme.px(LABEL_PX), theme.px(LABEL_PX))
        self.setXRange(start, end + (end - start) * share, padding=0)

    def resizeEvent(self, event: object) -> None:
        """Keep the free space for labels."""
        super().resizeEvent(event)
        if hasattr(self, "_span"):  # pyqtgraph resizes the widget in its constructor, before there is a span
            self.set_span(*self._span)

    def show_nothing(self) -> None:
        """Draw no step."""
        self.show_window(_EMPTY)

    def show_window(self, window: StripWindow) -> None:
        """Use ``window``; called by the timer at display rate. Setting the curves' data triggers the repaint."""
        self._window = window

    def show_hover(self, time: float | None) -> None:
        """Mark ``time`` (s), or nothing."""
        self._hover = time
        self.viewport().update()

    def set_labels(self, *labels: Label) -> None:
        """Show these labels beside the newest values."""
        self._labels = labels

    def restyle(self) -> None:
        """Take colours and sizes from the theme."""
        self.setBackground(theme.token("panel"))
        theme.style_plot(self.getPlotItem())
        self.getAxis("left").setWidth(theme.px(AXIS_WIDTH_PX))

    def mouseMoveEvent(self, event: object) -> None:
        """Emit the time under the mouse."""
        super().mouseMoveEvent(event)
        position: QPointF = event.position()  # type: ignore[attr-defined]
        # Both strips get this time back by ``show_hover``, so that the line is drawn in both.
        self.hovered.emit(float(self.getViewBox().mapSceneToView(position).x()))

    def leaveEvent(self, event: object) -> None:
        """Emit that the mouse has left."""
        super().leaveEvent(event)
        self.hovered.emit(None)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the plot, and a focus ring while it has the focus."""
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self.viewport())
            theme.paint_focus(painter, QRectF(self.viewport().rect()))
            painter.end()

    def plot_rect(self) -> QRectF:
        """Return the plotted area in pixels of the widget."""
        self._measure()
        return self._area

    def _measure(self) -> None:
        """Note the plotted area once a paint: pyqtgraph computes it again at every call."""
        self._area: QRectF = self.getViewBox().sceneBoundingRect()
        self._start, self._end = self.getViewBox().viewRange()[0]

    def x_pixel(self, time: float) -> float:
        """Return where ``time`` (s) is, in pixels from the left edge of the widget, as of the latest measurement."""
        area = self._area
        return float(area.left() + (time - self._start) / (self._end - self._start) * area.width())

    def y_pixel(self, value: float) -> float:
        """Return where ``value`` is, in pixels from the top of the widget, as of the latest measurement."""
        low, high = self._y_range
        return float(self._area.bottom() - (value - low) / (high - low) * self._area.height())

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        """Paint the background, then shade and hatch the takeovers, so that curves are painted over them."""
        super().drawBackground(painter, rect)
        self._measure()
        area = self._area
        for start, end in self._window.takeovers():
            left = max(self.x_pixel(start), area.left())  # a takeover may begin before the shown time
            span = QRectF(left, area.top(), max(2.0, self.x_pixel(end) - left), area.height())
            painter.fillRect(span, theme.brush("takeover", 0.13))
            painter.fillRect(span, theme.brush("takeover", 0.38, Qt.BrushStyle.BDiagPattern))

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:  # noqa: ARG002 (Qt's signature)
        """Paint episode boundaries, the line under the mouse, labels and the empty state, all over the curves."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        painter.setFont(theme.font("secondary"))
        self._paint_boundaries(painter)
        self._paint_hover(painter)
        self._paint_labels(painter)
        if not len(self._window) and self.empty_text:
            painter.setPen(theme.token("secondary"))
            painter.setFont(theme.font("body"))
            # In the lower half: the threshold's line often crosses the middle.
            lower = self._area.adjusted(0.0, self._area.height() / 2, 0.0, 0.0)
            where = painter.boundingRect(lower, Qt.AlignmentFlag.AlignCenter, self.empty_text)
            painter.fillRect(where.adjusted(-theme.px(6), 0.0, theme.px(6), 0.0), theme.brush("panel"))
            painter.drawText(lower, Qt.AlignmentFlag.AlignCenter, self.empty_text)

    def _paint_boundaries(self, painter: QPainter) -> None:
        area = self._area
        for time, number in self._window.boundaries():
            x = self.x_pixel(time)
            painter.setPen(theme.pen("secondary", 1.0, alpha=0.6))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            if number and self.names_episodes:
                painter.setPen(theme.token("secondary"))
                self.paint_text(painter, QPointF(x + theme.px(4), area.top() + theme.px(10)), f"ep {number}")

    def _paint_hover(self, painter: QPainter) -> None:
        if self._hover is None or not len(self._window):
            return
        area, x = self._area, self.x_pixel(self._hover)
        if area.left() <= x <= area.right():
            painter.setPen(theme.pen("text", 1.0, alpha=0.5))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))

    def _paint_labels(self, painter: QPainter) -> None:
        if not len(self._window):
            return
        line = painter.fontMetrics().height() * 0.95
        x = self.x_pixel(float(self._window.time[-1])) + theme.px(6)
        labels = sorted(self._labels, key=_from_top)
        wanted = [self.y_pixel(label.value) + line * 0.3 for label in labels]
        area = self._area
        for label, y in zip(labels, _apart(wanted, line, area.top() + line * 0.8, area.bottom()), strict=True):
            painter.setPen(theme.token(label.colour))
            self.paint_text(painter, QPointF(x, y), label.text)

    def paint_text(self, painter: QPainter, where: QPointF, text: str) -> None:
        """Paint ``text`` with its baseline at ``where``, on a ground of its own: lines and curves pass below it."""
        metrics, gap = painter.fontMetrics(), theme.px(2)
        top, width = where.y() - metrics.ascent(), metrics.horizontalAdvance(text)
        ground = QRectF(where.x() - gap, top, width + 2 * gap, metrics.ascent() + metrics.descent())
        painter.fillRect(ground, theme.brush("panel", 0.85))
        painter.drawText(where, text)


def _from_top(label: Label) -> float:
    return -label.value


def _apart(wanted: list[float], distance: float, top: float, bottom: float) -> list[float]:
    """Return heights (downwards, px) near ``wanted``, at least ``distance`` apart, within ``top`` and ``bottom``."""
    # The first pass, downwards, moves labels apart; the second, upwards, moves those below the bottom back inside.
    placed: list[float] = []
    for y in wanted:
        placed.append(max(y, placed[-1] + distance if placed else top))
    limit = bottom
    for index in reversed(range(len(placed))):
        placed[index] = min(placed[index], limit)
        limit = placed[index] - distance
    return placed


class Band(OverrideGuard, pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph ships no type information
    """A filled area between two lines, without an outline."""

    def __init__(self) -> None:
        super().__init__()
        self._polygons: list[QPolygonF] = []
        self._colour = QColor()
        self._bounds = QRectF()

    def set_colour(self, colour: QColor) -> None:
        """Fill with ``colour``."""
        self._colour = colour
        self.update()

    def set_data(self, time: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
        """Fill between ``low`` and ``high`` wherever both are finite."""
        self._polygons = [
            pg.functions.arrayToQPolygonF(
                np.concatenate([time[a:b], time[a:b][::-1]]), np.concatenate([low[a:b], high[a:b][::-1]])
            )
            for a, b in _finite_runs(np.isfinite(low) & np.isfinite(high))
        ]
        bounds = _bounds(time, low, high)
        if bounds != self._bounds:
            self.prepareGeometryChange()
            self._bounds = bounds
        self.update()

    def boundingRect(self) -> QRectF:
        """Return the area that may be painted, in plot coordinates."""
        return self._bounds

    def paint(self, painter: QPainter, *_: object) -> None:
        """Fill the band."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._colour)
        for polygon in self._polygons:
            painter.drawPolygon(polygon)


def _bounds(time: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> QRectF:
    """Return the bounding box of a band, rounded to whole units: a change of it makes Qt index the item again."""
    shown = np.isfinite(low) & np.isfinite(high)
    if not shown.any():
        return QRectF()
    bottom, top = math.floor(low[shown].min()), math.ceil(high[shown].max())
    return QRectF(float(time[0]), bottom, float(time[-1] - time[0]), max(1, top - bottom))


def _finite_runs(finite: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.diff(np.concatenate([[0], finite.astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True))
