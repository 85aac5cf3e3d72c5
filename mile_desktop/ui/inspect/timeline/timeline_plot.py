"""The common part of the timeline's plots: zoom, pan, the viewer's time, a stretch, events, trimmed ends."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QWheelEvent

from mile_desktop.ui.inspect.model import RecordedEpisode, TimelineEvent
from mile_desktop.ui.plots.strip_plot import StripPlot
from mile_desktop.ui.theme import theme

_ZOOM = 0.85
"""Width of the visible range after one notch of the wheel, as a share of the width before."""
_NOTCH = 120.0
"""Qt's wheel angle of one notch."""
_SHORTEST_S = 0.5
_MARGIN = 0.04
"""Empty space after the end, as a share of the recording."""
_MARKS = {
    "miss": ("▼", "failure"),
    "false alarm": ("△", "threshold"),
    "rewind": ("⏪", "secondary"),
    "hold": ("❚❚", "hold"),
    "end": ("■", "secondary"),
}
"""Event kind → sign and colour; takeovers are hatched and need no sign."""


class TimelinePlot(StripPlot):
    """A strip over a whole recording.

    Drag scrubs, Shift+drag chooses a stretch, the wheel zooms, the right or middle button pans.

    Everything except the lines of the viewer and the mouse is kept as a picture: a scrub repaints two lines, so its
    cost does not grow with the recording.
    """

    time_chosen = Signal(float)
    """Time (s) for the viewer to show."""
    stretch_chosen = Signal(float, float)
    """Start and end (s) of the drag."""

    def __init__(self, y_range: tuple[float, float]) -> None:
        super().__init__(y_range)
        self._length_s = 1.0
        self._viewer_s: float | None = None
        self._stretch: tuple[float, float] | None = None
        self._kept: tuple[float, float] | None = None
        self._events: tuple[tuple[float, TimelineEvent], ...] = ()
        self._stretch_start: float | None = None
        self._pan_start: tuple[float, float, float] | None = None
        self._hover_s: float | None = None
        self._still: QPixmap | None = None
        self.scene().changed.connect(self._redraw)  # pyqtgraph has changed a curve or an axis
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        # There is only one.
        self.names_episodes = False

    # ── content ──────────────────────────────────────────────────────────────────────────────────────────────────

    def show_recording(self, recording: RecordedEpisode | None) -> None:
        """Show another recording, all of it."""
        self._events = ()
        self._stretch = self._kept = None
        if recording is not None:
            # A recording of one step would have a range of no width.
            self._length_s = max(recording.time(len(recording)), _SHORTEST_S)
            first, last = recording.kept
            if (first, last) != (0, len(recording) - 1):
                self._kept = recording.time(first), recording.time(last)
            self.show_window(recording.window())
        else:
            # Otherwise the lines of the episode before would stay below "Choose an episode".
            self.show_nothing()
        self.show_all()

    def show_events(self, events: tuple[tuple[float, TimelineEvent], ...]) -> None:
        """Mark these events, each with its time (s)."""
        self._events = events
        self._redraw()

    def show_time(self, time: float | None) -> None:
        """Draw the line of the viewer's time (s)."""
        self._viewer_s = time  # not ``_redraw``: the kept picture stays valid
        self.viewport().update()

    def show_stretch(self, stretch: tuple[float, float] | None) -> None:
        """Draw the chosen stretch (s)."""
        self._stretch = stretch
        self._redraw()

    def show_hover(self, time: float | None) -> None:
        """Draw the line of the mouse at ``time`` (s); None: no line."""
        self._hover_s = time
        self.viewport().update()

    def show_all(self) -> None:
        """Zoom out to the whole recording."""
        self.setXRange(0.0, self._length_s * (1 + _MARGIN), padding=0)

    def zoom(self, steps: float, around: float | None = None) -> None:
        """Zoom in by ``steps`` notches (out if negative) around a time (s), by default the viewer's."""
        start, end = self.getViewBox().viewRange()[0]
        if around is None:
            viewer_s = self._viewer_s
            around = viewer_s if viewer_s is not None and start <= viewer_s <= end else (start + end) / 2
        # the time under the mouse stays under the mouse
        width = min(max((end - start) * _ZOOM**steps, _SHORTEST_S), self._length_s * (1 + _MARGIN))
        self._set_range(around - (around - start) * width / (end - start), width)

    def keep_in_sight(self, time: float) -> None:
        """Pan so that ``time`` (s) is visible."""
        start, end = self.getViewBox().viewRange()[0]
        if not start <= time <= end:
            # near the left edge, so that playback then runs through the whole range before the next jump
            self._set_range(time - 0.1 * (end - start), end - start)

    def _set_range(self, start: float, width: float) -> None:
        start = min(max(start, 0.0), max(self._length_s * (1 + _MARGIN) - width, 0.0))
        self.setXRange(start, start + width, padding=0)

    # ── mouse ────────────────────────────────────────────────────────────────────────────────────────────────────

    def set_span(self, start: float, end: float) -> None:
        """Keep the visible range: on a live strip it follows the time, here the person sets it."""
        self._span = (start, end)

    def _time_at(self, position: QPointF) -> float:
        return float(self.getViewBox().mapSceneToView(position).x())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Start to scrub, to select a stretch or to pan."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        time = self._time_at(event.position())
        if event.button() in {Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton}:
            start, end = self.getViewBox().viewRange()[0]
            self._pan_start = (event.position().x(), start, end)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._stretch_start = time
        else:
            self.time_chosen.emit(time)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # type: ignore[override]
        """Scrub, stretch, pan or hover."""
        time = self._time_at(event.position())
        if self._pan_start is not None:
            # from the range at the press, not the present one: rounding errors do not add up
            x, start, end = self._pan_start
            shift = (event.position().x() - x) / max(1.0, self.plot_rect().width()) * (end - start)
            self._set_range(start - shift, end - start)
        elif self._stretch_start is not None:
            self.stretch_chosen.emit(min(self._stretch_start, time), max(self._stretch_start, time))
        elif event.buttons() & Qt.MouseButton.LeftButton:
            self.time_chosen.emit(time)
        self.hovered.emit(time)
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the gesture."""
        self._pan_start = self._stretch_start = None
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Zoom out to everything."""
        self.show_all()
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the mouse; sideways pans."""
        sideways = event.angleDelta().x()
        if sideways:
            start, end = self.getViewBox().viewRange()[0]
            self._set_range(start - sideways / _NOTCH * 0.1 * (end - start), end - start)
        else:
            self.zoom(event.angleDelta().y() / _NOTCH, self._time_at(event.position()))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave every key to the page; pyqtgraph would take the arrow keys."""
        event.ignore()

    # ── painting ─────────────────────────────────────────────────────────────────────────────────────────────────

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        """Paint the stretch, and grey over the trimmed ends."""
        super().drawBackground(painter, rect)
        if self._stretch is not None:
            painter.fillRect(self._between(*self._stretch), theme.brush("policy", 0.2))
        if self._kept is not None:
            for start, end in ((0.0, self._kept[0]), (self._kept[1], self._length_s)):
                span = self._between(start, end)
                painter.fillRect(span, theme.brush("ground", 0.75))
                painter.fillRect(span, theme.brush("secondary", 0.3, Qt.BrushStyle.Dense6Pattern))

    def _between(self, start: float, end: float) -> QRectF:
        # Clipped: Qt paints slowly when a rectangle is much wider than the screen.
        area = self._area
        left, right = (min(max(self.x_pixel(each), area.left()), area.right()) for each in (start, end))
        return QRectF(left, area.top(), right - left, area.height())

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        """Paint the events."""
        super().drawForeground(painter, rect)
        for time, event in self._events:
            if event.kind in _MARKS:
                self._paint_event(painter, time, event)

    def restyle(self) -> None:
        """Take colours and sizes from the theme."""
        super().restyle()
        self._still = None

    def paintEvent(self, _: QPaintEvent) -> None:
        """Paint the kept picture, and the moving lines over it."""
        view = self.viewport()
        sharpness = view.devicePixelRatioF()
        # Drawn again after a change, a resize, or a move to a screen of another resolution
        if self._still is None or self._still.size() != view.size() * sharpness:
            self._still = self._draw_still(sharpness)
        painter = QPainter(view)
        painter.drawPixmap(0, 0, self._still)
        self._paint_lines(painter)
        if self.hasFocus():
            painter.setPen(theme.pen("focus", 1.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(view.rect()).adjusted(1, 1, -1, -1))
        painter.end()

    def _draw_still(self, sharpness: float) -> QPixmap:
        area = self.viewport().rect()
        picture = QPixmap(area.size() * sharpness)
        picture.setDevicePixelRatio(sharpness)
        painter = QPainter(picture)
        self.render(painter, QRectF(area), area)
        painter.end()
        return picture

    def _paint_lines(self, painter: QPainter) -> None:
        if not len(self._window):
            return
        self._measure()
        for time, width, alpha in ((self._hover_s, 1.0, 0.5), (self._viewer_s, 1.5, 1.0)):
            x = self.x_pixel(time) if time is not None else -1.0
            if self._area.left() <= x <= self._area.right():
                painter.setPen(theme.pen("text", width, alpha=alpha))
                painter.drawLine(QPointF(x, self._area.top()), QPointF(x, self._area.bottom()))

    def _redraw(self, _: object = None) -> None:
        self._still = None  # painted again once, however many changes come before the next paint
        self.viewport().update()

    def paint_legend(self, painter: QPainter, entries: Sequence[tuple[str, str]]) -> None:
        """Paint the legend along the top, each entry in the colour of its line."""
        painter.setFont(theme.font("secondary"))
        metrics = painter.fontMetrics()
        gap, x = theme.px(12), self._area.left() + theme.px(6)
        width = sum(metrics.horizontalAdvance(text) + gap for text, _ in entries)
        painter.fillRect(QRectF(x - theme.px(2), self._area.top(), width, metrics.height()), theme.brush("panel", 0.8))
        for text, colour in entries:
            painter.setPen(theme.token(colour))
            painter.drawText(QPointF(x, self._area.top() + metrics.ascent()), text)
            x += metrics.horizontalAdvance(text) + gap

    def _paint_event(self, painter: QPainter, time: float, event: TimelineEvent) -> None:
        x = self.x_pixel(time)
        if not self._area.left() <= x <= self._area.right():
            return
        sign, colour = _MARKS[event.kind]
        painter.setPen(theme.pen(colour, 1.0, dashed=True, alpha=0.7))
        painter.drawLine(QPointF(x, self._area.top() + theme.px(26)), QPointF(x, self._area.bottom()))
        painter.setFont(theme.font("secondary"))
        painter.setPen(theme.token(colour))
        box = QRectF(x - theme.px(12), self._area.top() + theme.px(13), theme.px(24), theme.px(12))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, sign)
